/** Files written so that a crash leaves the old or the new, never a half. */
import {
  chownSync,
  closeSync,
  existsSync,
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

/** Write all bytes, however many calls it takes. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
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
  if (owner !== undefined) chownSync(made, owner.uid, owner.gid);
  flush(made);
  renameSync(made, final);
  flush(dirname(final));
}

/** Write a small file whole. The temporary name lies beside it. */
export function writeFileWhole(final: string, content: string | Uint8Array, owner?: Owner): void {
  const made = join(dirname(final), `.${process.pid}.tmp`);
  try {
    writeFileSync(made, content);
    publishFile(made, final, owner);
  } catch (cause) {
    rmSync(made, { force: true });
    throw cause;
  }
}

/** Make one folder with an owner, unless it is there. Its parent must exist. */
export function giveTo(path: string, owner?: Owner): void {
  if (owner !== undefined && existsSync(path)) lchownSync(path, owner.uid, owner.gid);
}
