/** Makes a generation of the images in a folder: hard links where the file system knows them, else copies. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import type { Generation, Generations } from '../../core/generations/read.js';
import { err, ok, type Result } from '../../core/result.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { GENERATIONS, nextNumber, unfinishedName } from '../../core/set/generations.js';
import { formatBytes } from '../../core/text/size.js';
import { flush, giveTo, type Owner } from '../sys/files.js';
import { removeTree } from '../sys/remove.js';
import { sameContent } from '../sys/same-content.js';
import { layerFiles } from './folder.js';
import { generationsFolder } from './generations.js';

/** What a machine boots from, besides its layers and its command line, in the order of their size. */
export const SET_FILES: readonly string[] = [...BASE_NAMES, FILES.initramfs, FILES.kernel, FILES.microcode];

/** A file of a generation that is made, and where it comes from. */
export interface GenerationPart {
  readonly name: string;
  readonly from: string;
}

export interface NewGeneration {
  /** The images folder that gets it. */
  readonly images: string;
  readonly generations: Generations;
  /** The folder with the images: `images` itself, or another one. */
  readonly set: string;
  /** The command line of a generation by its number: it names the folder. */
  readonly cmdline: (number: number) => string;
  readonly layers: readonly GenerationPart[];
  /** Whether it is made even if the newest one has the same images: it differs in its layers. */
  readonly always?: boolean;
  /**
   * Leave it under its unfinished name, which the next run clears: the caller looks at what the medium has of
   * it, then calls {@link nameGeneration}.
   */
  readonly hold?: boolean;
  readonly owner?: Owner | undefined;
  /** Bytes that can be written at most, if that is less than what is free there. */
  readonly room?: number | undefined;
  /** Copies what cannot be linked; the default is the system's own way. */
  readonly copy?: (from: string, to: string) => Promise<void>;
}

export interface AddedGeneration {
  readonly number: number;
  /** Whether there was one with the same images already: nothing was made. */
  readonly present: boolean;
  /** Bytes that had to be copied. */
  readonly copied: number;
}

/** Adds it. A Problem where there is no room; then nothing changed. */
export async function addGeneration(wanted: NewGeneration): Promise<Result<AddedGeneration>> {
  const { images, generations, cmdline, set } = wanted;
  const folder = generationsFolder(images, wanted.owner);
  const newest = generations.all[0];
  const names = SET_FILES.filter((name) => existsSync(join(set, name)));
  if (newest !== undefined && wanted.always !== true && isSame(newest, names, wanted, folder)) {
    return ok({ number: newest.number, present: true, copied: 0 });
  }
  const number = nextNumber(
    generations.all.map((one) => one.number),
    generations.chosen,
  );
  const made = join(folder, unfinishedName(number));
  removeTree(made);
  let held = false;
  try {
    mkdirSync(made);
    const own = names.map((name) => ({ name, from: join(set, name) }));
    const parts = [...own, ...wanted.layers].map((part) => sharedPart(part, newest, folder));
    const copied = await putParts(parts, made, wanted);
    if (!copied.ok) return copied;
    writeFileSync(join(made, FILES.cmdline), `${cmdline(number)}\n`);
    for (const name of [...(copied.value === 0 ? [] : parts.map((part) => part.name)), FILES.cmdline])
      flush(join(made, name));
    for (const path of [join(made, FILES.cmdline), made]) giveTo(path, wanted.owner);
    flush(made);
    held = wanted.hold === true;
    if (!held) nameGeneration(images, number);
    return ok({ number, present: false, copied: copied.value });
  } finally {
    if (!held) removeTree(made);
  }
}

/** Gives a generation that is held its number: from this moment on it is there. */
export function nameGeneration(images: string, number: number): void {
  const folder = join(images, GENERATIONS);
  renameSync(join(folder, unfinishedName(number)), join(folder, String(number)));
  flush(folder);
}

async function systemCopy(from: string, to: string): Promise<void> {
  copyFileSync(from, to);
}

/** Whether the newest generation has these images and would have this command line. */
function isSame(
  newest: Generation,
  names: readonly string[],
  wanted: NewGeneration,
  folder: string,
): boolean {
  const there = [...newest.files.keys()].filter((name) => SET_FILES.includes(name)).sort();
  if (there.join() !== [...names].sort().join()) return false;
  if (newest.cmdline?.trim() !== wanted.cmdline(newest.number).trim()) return false;
  const own = join(folder, String(newest.number));
  return names.every((name) => sameContent(join(wanted.set, name), join(own, name)));
}

/** A file that equals the newest generation's is that one, so that both share its room. */
function sharedPart(part: GenerationPart, newest: Generation | undefined, folder: string): GenerationPart {
  if (newest === undefined) return part;
  const there = join(folder, String(newest.number), part.name);
  return existsSync(there) && sameContent(part.from, there) ? { ...part, from: there } : part;
}

/** The layers in a folder, disabled ones too. */
export function layersOf(folder: string): GenerationPart[] {
  return layerFiles(folder).map((name) => ({ name, from: join(folder, name) }));
}

/** Links or copies all of them; returns the number of bytes copied. */
async function putParts(
  parts: readonly GenerationPart[],
  made: string,
  { copy = systemCopy, room = Number.POSITIVE_INFINITY }: Pick<NewGeneration, 'copy' | 'room'>,
): Promise<Result<number>> {
  const left = parts.filter(({ name, from }) => !linked(from, join(made, name)));
  const bytes = left.reduce((sum, { from }) => sum + statSync(from).size, 0);
  const { bavail, bsize } = statfsSync(made);
  const free = Math.min(bavail * bsize, room);
  if (bytes > free) {
    return err({
      code: 'generation-no-room',
      what: 'not enough room for another generation',
      where: made,
      why: `what cannot be shared with another one takes ${formatBytes(bytes)}; ${formatBytes(free)} are free`,
      next: 'drop one (mkma generations drop N); on ext4, xfs or btrfs generations share equal files',
    });
  }
  for (const { name, from } of left) await copy(from, join(made, name));
  return ok(bytes);
}

/** Errors by which a file system or a limit of it refuses a hard link (link(2)). */
const NO_LINKS = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'EXDEV', 'EMLINK', 'ENOSYS'];

function linked(from: string, to: string): boolean {
  try {
    // link(2) would make another name of a symlink, which may lead nowhere from there.
    linkSync(realpathSync(from), to);
    return true;
  } catch (cause) {
    if (NO_LINKS.includes((cause as NodeJS.ErrnoException).code ?? '')) return false;
    throw cause;
  }
}

/** The text of the set's own command line; empty where there is none. */
export function cmdlineOf(folder: string): string {
  const file = join(folder, FILES.cmdline);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
