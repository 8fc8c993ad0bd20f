/** Digests of files on this host. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A digest of a file's content, short enough to be shown. */
export function digestFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 20);
}
