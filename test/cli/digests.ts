/** Digests of what a build publishes. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = ['base.cpio.zst', 'base.erofs', 'initramfs.cpio.zst', 'microcode.cpio', 'vmlinuz'];

/** SHA-256 of each image in the folder, by name. */
export function digestsOf(folder: string): Record<string, string> {
  const present = NAMES.filter((name) => existsSync(join(folder, name)));
  const digest = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return Object.fromEntries(present.map((name) => [name, digest(name)]));
}
