/**
 * Kernels and initramfs of an encrypted medium in the open: in folders with the numbers of its generations. A
 * generation boots from the moment on when its folder there has its name.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { bootableBy, type Generations } from '../../core/generations/read.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Result } from '../../core/result.js';
import { GENERATIONS, isUnfinished, numbersAmong, unfinishedName } from '../../core/set/generations.js';
import { formatBytes } from '../../core/text/size.js';
import { flush } from '../sys/files.js';
import { removeTree } from '../sys/remove.js';
import { sameContent } from '../sys/same-content.js';
import { dropText } from './describe.js';
import { MIB } from './layout.js';
import type { SetFile } from './source.js';

/** Bytes for folders, the menu and its successor. */
const OWN = MIB;

const folderIn = (boot: string): string => join(boot, MEDIUM.images, GENERATIONS);

/** The folder of a generation's copies. `boot`: where that file system is mounted. */
function copiesFolder(boot: string, number: number): string {
  return join(folderIn(boot), String(number));
}

/** Generations without copies there cannot be booted. */
export function withCopies(generations: Generations, boot: string): Generations {
  return bootableBy(generations, numbersAmong(namesIn(boot)));
}

/**
 * Removes copies of generations that are not among these, and what killed runs left. Each is absent from the
 * first moment on: half of one is never taken for copies.
 */
export function clearCopies(boot: string, numbers: readonly number[]): void {
  const folder = folderIn(boot);
  const names = namesIn(boot);
  for (const name of names.filter(isUnfinished)) removeTree(join(folder, name));
  const gone = numbersAmong(names).filter((number) => !numbers.includes(number));
  for (const number of gone) renameSync(copiesFolder(boot, number), join(folder, unfinishedName(number)));
  if (gone.length > 0) flush(folder);
  for (const number of gone) removeTree(join(folder, unfinishedName(number)));
}

/** Whether there is room for copies of these files. */
export function requireCopiesRoom(boot: string, files: readonly SetFile[], target: string): Result<void> {
  const bytes = files.reduce((sum, file) => sum + (shared(boot, file) === undefined ? file.bytes : 0), 0);
  const { bavail, bsize } = statfsSync(boot);
  const free = Math.max(0, bavail * bsize - OWN);
  if (bytes <= free) return ok();
  return err({
    code: 'generation-no-room',
    what: 'not enough room for another kernel and initramfs',
    where: target,
    why: `they take ${formatBytes(bytes)} in the partition that is not encrypted; ${formatBytes(free)} are free`,
    next: `on the machine drop a generation: mkma generations drop N; or ${dropText(target, true)}`,
  });
}

/** Makes the copies of a generation, if they are not there, without a number: see {@link nameCopies}. */
export async function makeCopies(
  boot: string,
  number: number,
  files: readonly SetFile[],
  copy: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const folder = folderIn(boot);
  const [made, whole] = [join(folder, unfinishedName(number)), copiesFolder(boot, number)];
  if (existsSync(whole)) return;
  mkdirSync(folder, { recursive: true });
  removeTree(made);
  let done = false;
  try {
    mkdirSync(made);
    for (const file of files) {
      const same = shared(boot, file);
      const to = join(made, file.name);
      if (same === undefined) await copy(file.from, to);
      else linkSync(same, to);
      flush(to);
    }
    flush(made);
    done = true;
  } finally {
    if (!done) removeTree(made);
  }
}

/** The folder of copies that have no number yet; `undefined`: there is none. */
export function unnamedCopies(boot: string, number: number): string | undefined {
  const made = join(folderIn(boot), unfinishedName(number));
  return existsSync(made) ? made : undefined;
}

/** Gives copies of a generation their number, if they have none. */
export function nameCopies(boot: string, number: number): void {
  const made = unnamedCopies(boot, number);
  if (made === undefined) return;
  renameSync(made, copiesFolder(boot, number));
  flush(folderIn(boot));
}

/** A copy of another generation that has the same bytes. */
function shared(boot: string, { name, from }: SetFile): string | undefined {
  const files = numbersAmong(namesIn(boot)).map((number) => join(copiesFolder(boot, number), name));
  return files.find((file) => existsSync(file) && sameContent(from, file));
}

function namesIn(boot: string): string[] {
  const folder = folderIn(boot);
  return existsSync(folder) ? readdirSync(folder) : [];
}
