/** Disk images of all kinds with the images under test on them, made natively. They are gone with the test's folder. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE, imagesFolder } from './harness.js';

const MiB = 2 ** 20;
/** Bytes of a file system: room for the base; a power of two, as SD cards have it. */
const SIZE = 512 * MiB;

/** Programs of the file systems' own packages, by file system: each makes one in `file` with the content of `tree`. */
const MAKERS = {
  ext4: (file, tree) => tool('mke2fs', '-q', '-t', 'ext4', '-L', 'images', '-d', tree, file),
  xfs: (file, tree) => {
    tool('mkfs.xfs', '-q', '-L', 'images', file);
    mounted([file], (top) => tool('cp', '-r', join(tree, 'images'), top));
  },
  vfat: (file, tree) => {
    tool('mkfs.vfat', '-n', 'IMAGES', file);
    tool('mcopy', '-s', '-i', file, join(tree, 'images'), '::');
  },
  // No program of Debian's fills one without mounting it.
  exfat: (file) => tool('mkfs.exfat', '-L', 'images', file),
  ntfs: (file, tree) => {
    tool('mkfs.ntfs', '-Q', '-F', '-q', '-L', 'images', file);
    // It knows no folders: the base lies at the top.
    tool('ntfscp', '-q', file, join(tree, 'images', BASE), BASE);
  },
  iso9660: (file, tree) =>
    tool('xorriso', '-as', 'mkisofs', '-quiet', '-R', '-V', 'IMAGES', '-o', file, tree),
} as const satisfies Record<string, (file: string, tree: string) => void>;

export type FileSystem = keyof typeof MAKERS;

/** A disk image and what it can be found by. */
export interface Disk {
  readonly file: string;
  /** UUID of its file system. */
  readonly uuid: string;
  /** UUID of its partition; empty where it has none. */
  readonly partuuid: string;
}

/** Run a program of the host; throws with its words where it fails. Returns what it printed. */
export function tool(program: string, ...args: string[]): string {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  const env = { ...process.env, PATH: path };
  return execFileSync(program, args, { env, encoding: 'utf8', stdio: 'pipe' }).trim();
}

/** A folder for the test's disks. */
export function diskFolder(): string {
  const folder = join(imagesFolder(), 'disks');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A file of zeros, taking no room. */
export function blank(name: string, bytes = SIZE): string {
  const file = join(diskFolder(), name);
  writeFileSync(file, '');
  truncateSync(file, bytes);
  return file;
}

/** A tree to fill file systems with: the base in the folder `images`. */
export function imagesTree(): string {
  const tree = join(diskFolder(), 'tree');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, 'images'), { recursive: true });
  linkSync(join(imagesFolder(), BASE), join(tree, 'images', BASE));
  return tree;
}

/** A disk that is one file system, with the base in its folder /images (NTFS: at the top; exFAT: empty). */
export function wholeDisk(type: FileSystem): Disk {
  const file = type === 'iso9660' ? join(diskFolder(), 'disk.iso') : blank(`${type}.img`);
  MAKERS[type](file, imagesTree());
  return { file, uuid: tag(file, 'UUID'), partuuid: '' };
}

/** A disk with a GPT, and the file system in a partition called `images`. */
export function partitionedDisk(type: FileSystem): Disk {
  const { file: inside, uuid } = wholeDisk(type);
  const start = MiB;
  const file = blank('gpt.img', statSync(inside).size + 2 * MiB);
  const table = `label: gpt\nstart=${start / 512}, size=${statSync(inside).size / 512}, name="images"\n`;
  execFileSync('/usr/sbin/sfdisk', ['--quiet', file], { input: table });
  tool(
    'dd',
    `if=${inside}`,
    `of=${file}`,
    'bs=1M',
    `seek=${start / MiB}`,
    'conv=sparse,notrunc',
    'status=none',
  );
  rmSync(inside);
  return { file, uuid, partuuid: tool('sfdisk', '--part-uuid', file, '1') };
}

function tag(file: string, name: string): string {
  return tool('blkid', '--probe', '--output', 'value', '--match-tag', name, file);
}

/** Mount devices of one file system by the host's kernel while `work` runs with the folder where they are. */
export function mounted(files: readonly string[], work: (folder: string) => void): void {
  const folder = join(diskFolder(), 'mnt');
  mkdirSync(folder, { recursive: true });
  const loops = files.map((file) => tool('losetup', '--find', '--show', file));
  try {
    const more = loops.slice(1).map((loop) => `device=${loop}`);
    tool('mount', ...(more.length === 0 ? [] : ['-o', more.join(',')]), loops[0] as string, folder);
    try {
      work(folder);
    } finally {
      tool('umount', folder);
    }
  } finally {
    for (const loop of loops) tool('losetup', '--detach', loop);
  }
}
