/** Stamps of the files of a stacked tree, by which packing knows what it has packed before. */

import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readSync } from 'node:fs';
import { pathIn } from '../pack/scan.js';
import type { Stamp } from '../pack/segment-keys.js';
import type { Change } from './changes.js';

/**
 * Files of the lower trees, which nothing changes, by their change times; others, which every build makes
 * again, by their content.
 */
export function stampsOf(upper: string, changes: readonly Change[]): Stamp {
  const made = new Set(
    changes.filter(({ path }) => lstatSync(pathIn(upper, path)).isFile()).map(({ path }) => path),
  );
  return ({ path, found, size }) =>
    made.has(path) ? `made ${digestOf(pathIn(upper, path))}` : `below ${found.changed} ${size}`;
}

const buffer = Buffer.allocUnsafe(2 ** 18);

/** One call for a file as small as most are. */
function digestOf(path: string | Buffer): string {
  const hash = createHash('sha256');
  const fd = openSync(path, 'r');
  try {
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) hash.update(buffer.subarray(0, n));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
