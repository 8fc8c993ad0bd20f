/** Writes files so that a crash leaves the old or the new one, never a partial one. */
import {
  closeSync,
  fsyncSync,
  lchownSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** The owner of a file that mkma leaves behind; none: as created. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Writes all bytes, in as many calls as needed: at `position` of the file, or at its current one. */
export function writeAll(fd: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(fd, bytes, at, bytes.length - at, position === undefined ? null : position + at);
  }
}

/** Flushes a file or folder to the medium. */
export function flush(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives a finished file its final name: flushes it, renames it, flushes the folder. */
export function publishFile(made: string, final: string, owner?: Owner): void {
  giveTo(made, owner);
  flush(made);
  renameSync(made, final);
  flush(dirname(final));
}

/** Writes a small file atomically, with a temporary file beside it. */
export function writeFileWhole(final: string, content: string | Uint8Array, owner?: Owner): void {
  const made = join(dirname(final), `.${process.pid}.tmp`);
  rmSync(made, { force: true }); // of an earlier process with the same PID
  try {
    writeFileSync(made, content, { flag: 'wx' });
    publishFile(made, final, owner);
  } catch (cause) {
    rmSync(made, { force: true });
    throw cause;
  }
}

/** Gives a file or folder to an owner; a symlink itself, not its target. */
export function giveTo(path: string, owner?: Owner): void {
  if (owner !== undefined) whereOwnersAre(() => lchownSync(path, owner.uid, owner.gid));
}

/**
 * Changes an owner on file systems that have owners: FAT refuses it with EPERM even to root (fat_setattr in
 * fs/fat/file.c), and mounting decides there whose its files are. Only root changes owners.
 */
export function whereOwnersAre(change: () => void, root = process.getuid?.() === 0): void {
  try {
    change();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM' || !root) throw cause;
  }
}
