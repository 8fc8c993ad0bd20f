/**
 * What a medium says about itself: the size of its base, and its kernel. Only a guess at good defaults: a
 * medium that says nothing boots as well.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { GENERATIONS, generationPath, numbersAmong } from '../../core/set/generations.js';
import { getFromExt4, listInExt4 } from './ext4.js';
import { defaultMemoryMiB } from './memory.js';

/** Where `mkma install` puts images: in this folder, or in one per generation below it. */
const IMAGES = '/mkma';

/** RAM in MiB if the base cannot be found, as on encrypted media. */
const UNKNOWN_MIB = 4096;

const SECTOR = 512;

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
    const found = await listInExt4(fileSystem, `${IMAGES}/${GENERATIONS}`, signal);
    const numbers = numbersAmong(found.ok ? found.value.map(({ name }) => name) : []);
    for (const folder of [IMAGES, ...numbers.map((number) => generationPath(IMAGES, number))]) {
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

/** Reads some bytes at an offset; fewer, or none, where the medium ends. */
export type ReadBytes = (offset: number, length: number) => DataView;

function bytesOf(medium: string): ReadBytes {
  return (offset, length) => {
    const bytes = new Uint8Array(length);
    const fd = openSync(medium, 'r');
    try {
      return new DataView(bytes.buffer, 0, readSync(fd, bytes, 0, length, offset));
    } finally {
      closeSync(fd);
    }
  };
}

/**
 * Where partitions with ext4 begin, in bytes, by the GUID partition table (UEFI 2.10, 5.3) of a medium with
 * sectors of 512 bytes.
 */
export function ext4Offsets(read: ReadBytes): number[] {
  const header = read(SECTOR, 92);
  if (header.byteLength < 92 || header.getBigUint64(0) !== 0x4546492050415254n) return []; // "EFI PART"
  const [start, count, size] = [
    header.getBigUint64(72, true),
    header.getUint32(80, true),
    header.getUint32(84, true),
  ];
  if (count > 1024 || size < 128 || size > 4096) return [];
  const table = read(Number(start) * SECTOR, count * size);
  const offsets: number[] = [];
  for (let at = 0; at + size <= table.byteLength; at += size) {
    const first = table.getBigUint64(at + 32, true);
    if (first > 0n) offsets.push(Number(first) * SECTOR);
  }
  return offsets.filter((offset) => {
    // The superblock is at 1024, its magic number at 0x38 (kernel: fs/ext4/ext4.h).
    const magic = read(offset + 1024 + 0x38, 2);
    return magic.byteLength === 2 && magic.getUint16(0, true) === 0xef53;
  });
}
