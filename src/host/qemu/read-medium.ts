/**
 * What a medium says about itself: the size of its base, and its kernel. Only a guess at good defaults: a
 * medium that says nothing boots as well.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { GENERATIONS, generationPath, numbersAmong } from '../../core/set/generations.js';
import { type ReadBytes, readGpt } from '../media/gpt.js';
import { EXT4_MAGIC, SUPERBLOCK } from '../media/medium.js';
import { getFromExt4, listInExt4 } from './ext4.js';
import { defaultMemoryMiB } from './memory.js';

/** RAM in MiB if the base cannot be found, as on encrypted media. */
const UNKNOWN_MIB = 4096;

/** What was found on a medium. */
export interface MediumContent {
  /** Size of its largest base in bytes. */
  readonly base?: number | undefined;
  /** Its file system, as debugfs takes it, and the path of a kernel in it. */
  readonly kernel?: { readonly fileSystem: string; readonly path: string } | undefined;
}

/** Looks for images on the medium, a file or block device named by its absolute path. */
export async function readMedium(medium: string, signal: AbortSignal): Promise<MediumContent> {
  let base: number | undefined;
  let kernel: MediumContent['kernel'];
  // debugfs takes an offset behind a question mark (e2fsprogs, lib/ext2fs/unix_io.c).
  const offsets = medium.includes('?') ? [] : ext4Offsets(bytesOf(medium));
  for (const offset of offsets) {
    const fileSystem = `${medium}?offset=${offset}`;
    const found = await listInExt4(fileSystem, `${MEDIUM.images}/${GENERATIONS}`, signal);
    const numbers = numbersAmong(found.ok ? found.value.map(({ name }) => name) : []);
    for (const folder of [MEDIUM.images, ...numbers.map((number) => generationPath(MEDIUM.images, number))]) {
      const files = await listInExt4(fileSystem, folder, signal);
      for (const { name, size } of files.ok ? files.value : []) {
        if ((BASE_NAMES as readonly string[]).includes(name)) base = Math.max(base ?? 0, size);
        if (name === FILES.kernel) kernel = { fileSystem, path: `${folder}/${name}` };
      }
    }
  }
  return { base, kernel };
}

/** RAM in MiB for the machine: for the base, or what most bases need. */
export function mediumMemoryMiB({ base }: MediumContent): number {
  return base === undefined ? UNKNOWN_MIB : defaultMemoryMiB({ compressed: base });
}

/** Copies the medium's kernel into the folder; `undefined` if there is none to copy. */
export async function copyKernel(
  { kernel }: MediumContent,
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (kernel === undefined) return undefined;
  await getFromExt4(kernel.fileSystem, kernel.path, { into: folder, name: FILES.kernel }, signal);
  const file = join(folder, FILES.kernel);
  return existsSync(file) ? file : undefined;
}

function bytesOf(medium: string): ReadBytes {
  return (at, length) => {
    const bytes = new Uint8Array(length);
    const fd = openSync(medium, 'r');
    try {
      return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
    } finally {
      closeSync(fd);
    }
  };
}

/** Where partitions with ext4 begin, in bytes. */
export function ext4Offsets(read: ReadBytes): number[] {
  const starts = (readGpt(read) ?? []).map(({ start }) => start);
  return starts.filter((start) => {
    const magic = Buffer.from(read(start + SUPERBLOCK.at + SUPERBLOCK.magic, 2));
    return magic.length === 2 && magic.readUInt16LE(0) === EXT4_MAGIC;
  });
}
