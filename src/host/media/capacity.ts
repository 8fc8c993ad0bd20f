/**
 * Finds devices that are smaller than they report: what is written beyond their end is lost, or overwrites
 * what lies before it.
 */
import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { type Disk, forgetCache, readBack } from './disk.js';
import type { Piece } from './gpt.js';
import { GIB, MIB } from './layout.js';

const BLOCK = 4096;

/** Where marks are written: at the end, and at powers of two, of which one is the real size. Pure. */
export function markedPlaces(bytes: number): number[] {
  const places = [MIB];
  for (let at = GIB / 4; at < bytes - MIB; at *= 2) places.push(at);
  places.push(Math.floor((bytes - MIB / 2) / BLOCK) * BLOCK);
  return places;
}

/** A block that is like no other. */
function mark(seed: string, at: number): Piece {
  const word = createHash('sha256').update(`${seed} ${at}`).digest();
  return { at, bytes: Buffer.alloc(BLOCK, word) };
}

/** Writes marks all over the device and reads all of them back. Whatever is there is lost. */
export async function checkCapacity(
  disk: Disk,
  bytes: number,
  seed: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  const marks = markedPlaces(bytes).map((at) => mark(seed, at));
  for (const piece of marks) await disk.write(piece);
  await disk.flush();
  const forgotten = await forgetCache(disk.path, signal);
  if (!forgotten.ok) return forgotten;
  for (const piece of marks) {
    const same = await readBack(disk.path, piece, signal);
    if (same.ok) continue;
    if (same.problem.code !== 'medium-differs') return same;
    return err({
      code: 'target-lies',
      what: 'this device does not keep what is written to it',
      where: disk.path,
      why: `it reports ${formatBytes(bytes)}, and a mark written at ${formatBytes(piece.at)} did not come back`,
      next: 'use another device: this one loses data; what was on it is damaged',
    });
  }
  for (const { at } of marks) await disk.write({ at, bytes: Buffer.alloc(BLOCK) });
  return ok();
}
