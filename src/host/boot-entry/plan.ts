/** What writing an entry changes, determined before anything is touched. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import type { BootEntry } from './entry.js';
import { withGrubEntry } from './grub.js';
import { fitsSystemdBoot, systemdBootEntry, systemdBootFile } from './systemd-boot.js';

/** Copies of the files that the boot loader loads, in a folder that is published whole. */
export interface Copies {
  readonly names: readonly string[];
  /** The folder they come from. */
  readonly from: string;
  /** The folder to create. */
  readonly to: string;
  /** Their {@link digestOf}. */
  readonly digest: string;
  readonly bytes: number;
}

export interface Plan {
  /** The file that holds the entry, with its whole new content. */
  readonly file: string;
  readonly content: string;
  /** Whether the file already has this content. */
  readonly upToDate: boolean;
  /** What has to be copied first; none if the boot loader can read everything in place. */
  readonly copies?: Copies | undefined;
  /** Folders with earlier copies, removed once the entry names the new ones. */
  readonly older: readonly string[];
}

/** Plan for GRUB: its own folder is `folder`. */
export function planGrub(entry: BootEntry, folder: string): Result<Plan> {
  const custom = join(folder, 'custom.cfg');
  // A symlink stays one.
  const file = existsSync(custom) ? realpathSync(custom) : custom;
  const present = readIfThere(file);
  const content = withGrubEntry(present ?? '', entry);
  if (!content.ok) return err({ ...content.problem, where: file });
  return ok({ file, content: content.value, upToDate: present === content.value, older: [] });
}

/** Plan for systemd-boot: `esp` is where it is mounted, `images` the images folder. */
export async function planSystemdBoot(entry: BootEntry, images: string, esp: string): Promise<Plan> {
  const file = join(esp, 'loader/entries', systemdBootFile(entry.name));
  const finish = (folder: string, rest: Pick<Plan, 'copies' | 'older'>): Plan => {
    const content = `${systemdBootEntry(entry, folder).join('\n')}\n`;
    return { file, content, upToDate: readIfThere(file) === content, ...rest };
  };
  const own = join(esp, 'mkma', entry.name);
  const inPlace = folderOnEsp(images, esp);
  if (inPlace !== undefined) return finish(inPlace, { older: copiesIn(own) });
  const names = [FILES.kernel, ...entry.initrds];
  const digest = await digestOf(images, names);
  const to = join(own, digest.slice(0, 12));
  const bytes = sizeOf(images, names);
  const there = names.every((name) => existsSync(join(to, name))) && sizeOf(to, names) === bytes;
  const copies = there ? undefined : { names, from: images, to, digest, bytes };
  return finish(espPath(esp, to), { copies, older: copiesIn(own).filter((path) => path !== to) });
}

/**
 * The images folder from the top of the ESP, if systemd-boot can load from it; `undefined` if copies are
 * needed.
 */
function folderOnEsp(images: string, esp: string): string | undefined {
  const path = espPath(realpathSync(esp), realpathSync(images));
  const within = !path.startsWith('/../') && path !== '/..' && statSync(images).dev === statSync(esp).dev;
  return within && fitsSystemdBoot(path) ? path : undefined;
}

function espPath(esp: string, path: string): string {
  return `/${posix.normalize(relative(esp, path)).replace(/^\.$/, '')}`;
}

/** SHA-256 of the files' names and contents: identifies the set. */
export async function digestOf(folder: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) {
    const path = join(folder, name);
    hash.update(`${name} ${statSync(path).size}\n`);
    await pipeline(createReadStream(path), async (chunks) => {
      for await (const chunk of chunks) hash.update(chunk);
    });
  }
  return hash.digest('hex');
}

/** Bytes of the named files in a folder. */
export function sizeOf(folder: string, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** The folders of copies that mkma made, also in a run that was killed; nothing else in there. */
function copiesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^([0-9a-f]{12}|\.[0-9a-f]{12}\.new)$/.test(name))
    .map((name) => join(folder, name));
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** The existing folder in which a plan's first change happens. */
export function firstExisting(path: string): string {
  return existsSync(path) ? path : firstExisting(dirname(path));
}
