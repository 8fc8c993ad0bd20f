/** Whether two files are one, or hold the same bytes. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';

const PIECE = 2 ** 20;

/** Compares two regular files, piece by piece; files that are one inode are not read. */
export function sameContent(a: string | Buffer, b: string | Buffer): boolean {
  const [left, right] = [statSync(a), statSync(b)];
  if (left.dev === right.dev && left.ino === right.ino) return true;
  if (left.size !== right.size) return false;
  const [fdA, fdB] = [openSync(a, 'r'), openSync(b, 'r')];
  try {
    const length = Math.min(PIECE, left.size);
    const [x, y] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)];
    for (let at = 0; at < left.size; at += length) {
      const [n, m] = [readSync(fdA, x, 0, length, at), readSync(fdB, y, 0, length, at)];
      if (n !== m || !x.subarray(0, n).equals(y.subarray(0, n))) return false;
    }
    return true;
  } finally {
    closeSync(fdA);
    closeSync(fdB);
  }
}
