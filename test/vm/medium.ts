/** Media with real images, for tests that boot them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { mkma } from './harness.js';

/** Makes a medium with the images of a folder as a raw file. */
export async function makeMedium(images: string, file: string, ...more: readonly string[]): Promise<void> {
  // Addresses that stay make emulation faster.
  const kernel = ['--append', 'console=ttyS0 norandmaps'];
  const made = await mkma('install', file, '--output', images, ...kernel, ...more);
  assert.equal(made.exitCode, 0, made.output + made.stderr);
}

/** SHA-256 of a file. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
