/** Files written so that a crash leaves the old or the new, never a half. */
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

/** Who a file that mkma leaves behind shall belong to; none: as created. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Write all bytes, however many calls it takes: at `position` of the file, or where it stands. */
export function writeAll(fd: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(fd, bytes, at, bytes.length - at, position === undefined ? null : position + at);
  }
}

/** Flush a file or folder to the medium. */
export function flush(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Give a finished file its final name: flush it, rename it, flush the folder. */
export function publishFile(made: string, final: string, owner?: Owner): void {
  giveTo(made, owner);
  flush(made);
  renameSync(made, final);
  flush(dirname(final));
}

/** Write a small file whole. The temporary name lies beside it. */
export function writeFileWhole(final: string, content: string | Uint8Array, owner?: Owner): void {
  const made = join(dirname(final), `.${process.pid}.tmp`);
  rmSync(made, { force: true }); // of an earlier process with the same number
  try {
    writeFileSync(made, content, { flag: 'wx' });
    publishFile(made, final, owner);
  } catch (cause) {
    rmSync(made, { force: true });
    throw cause;
  }
}

/** Give a file or folder to an owner; a symlink itself, not what it points to. */
export function giveTo(path: string, owner?: Owner): void {
  if (owner !== undefined) lchownSync(path, owner.uid, owner.gid);
}
