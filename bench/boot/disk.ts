/** The disk that all contestants boot from: one ext4 file system with everybody's images. */
import {
  closeSync,
  cpSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { BASE_FILES } from '../../src/core/contract.js';
import { HEAD_SIZE, type ImageInfo } from '../../src/core/image/image.js';
import { output } from '../programs.js';

/** Folders on the disk. */
export const PLACES = {
  cpio: '/mkma',
  erofs: '/erofs',
  bare: '/bare',
  live: '/live',
  gzip: '/gzip',
} as const;
export const DISK_UUID = '6d6b6d61-0000-4000-8000-00000000be7c';
/** Bytes for the file system itself. */
const MARGIN = 128 * 2 ** 20;

export interface DiskContents {
  readonly cpio: string;
  readonly erofs: { readonly path: string; readonly info: ImageInfo };
  /** Two of the same tree. */
  readonly live: string;
  readonly gzip: string;
}

/** Make the disk in the folder. Returns its path. */
export function makeDisk(contents: DiskContents, folder: string): string {
  const staging = join(folder, 'staging');
  for (const place of Object.values(PLACES)) mkdirSync(join(staging, place), { recursive: true });
  cpSync(contents.cpio, join(staging, PLACES.cpio, BASE_FILES.cpio));
  cpSync(contents.erofs.path, join(staging, PLACES.erofs, BASE_FILES.erofs));
  const bare = join(staging, PLACES.bare, BASE_FILES.erofs);
  cpSync(contents.erofs.path, bare);
  strip(bare, contents.erofs.info);
  for (const name of ['live', 'gzip'] as const) {
    linkSync(contents[name], join(staging, PLACES[name], 'filesystem.squashfs'));
  }
  const files = [contents.cpio, contents.erofs.path, contents.erofs.path, contents.live, contents.gzip];
  return format(staging, files, folder);
}

/** Make a disk in the folder with one base on it, in {@link PLACES}.cpio whatever its form. Returns the path. */
export function makeBaseDisk(base: string, folder: string): string {
  const staging = join(folder, 'staging');
  mkdirSync(join(staging, PLACES.cpio), { recursive: true });
  cpSync(base, join(staging, PLACES.cpio, basename(base)));
  return format(staging, [base], folder);
}

/** A disk with all of a folder, which is gone then; `files`: those that count. */
function format(staging: string, files: readonly string[], folder: string): string {
  const size = files.reduce((sum, file) => sum + statSync(file).size, MARGIN);
  const disk = join(folder, 'disk.img');
  output('truncate', '-s', String(Math.ceil(size / 2 ** 20) * 2 ** 20), disk);
  output('mke2fs', '-q', '-F', '-t', 'ext4', '-U', DISK_UUID, '-d', staging, disk);
  rmSync(staging, { recursive: true });
  // In the page cache, for all alike.
  readFileSync(disk);
  return disk;
}

/** Make it a file system without manifest, as mkfs.erofs would have left it: its content is not checked. */
function strip(path: string, info: ImageInfo): void {
  const { fileSystem } = info;
  if (fileSystem === undefined) throw new Error(`${path} is no file system`);
  truncateSync(path, fileSystem);
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(HEAD_SIZE), 0, HEAD_SIZE, 0);
  closeSync(fd);
}
