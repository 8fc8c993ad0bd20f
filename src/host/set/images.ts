/** Reading image files on the host. */

import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageInfo, payloadStart, readImageInfo } from '../../core/image/image.js';
import { type IdentityFacts, identity, type Manifest } from '../../core/image/manifest.js';
import { damaged, unreadable } from '../../core/image/problems.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { ANY_BASE, BASE_NAMES } from '../../core/set/base.js';
import { baseIn } from '../../core/set/folder.js';
import { Interrupted } from '../sys/run.js';

/** Reads the end of an image file; fails if it cannot be read or is inconsistent. */
export function readImage(path: string): Result<ImageInfo> {
  try {
    // Checked before opening: opening a pipe would wait for a writer.
    if (!statSync(path).isFile())
      return err(unreadable(path, 'it is not a regular file', 'name an image file'));
    const fd = openSync(path, 'r');
    try {
      const read = (offset: number, length: number): Uint8Array => {
        const buffer = Buffer.alloc(length);
        return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
      };
      const info = readImageInfo(read, fstatSync(fd).size);
      return info.ok ? info : err({ ...info.problem, where: path });
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    return err(readFailure(path, cause));
  }
}

/** The base in an images folder: its file and what its end contains. */
export interface FoundBase {
  readonly name: string;
  readonly path: string;
  readonly info: ImageInfo;
  /** Bases of the other format beside it, which are not used. */
  readonly warnings: readonly Problem[];
}

/** Finds the base in a folder; fails if there is none, or if the one that is used cannot be read. */
export function findBase(folder: string): Result<FoundBase> {
  const there = BASE_NAMES.filter((name) => existsSync(join(folder, name)));
  const { base: name, passedOver } = baseIn(there, (file) => readImage(join(folder, file)));
  if (name === undefined) {
    const why = `it contains no ${ANY_BASE}`;
    const next = 'build it: mkma build; or name the folder with --output';
    return err({ code: 'image-missing', what: 'no image to boot', where: folder, why, next });
  }
  const path = join(folder, name);
  const info = readImage(path);
  const warnings = passedOver.map((other): Problem => {
    const { why, next } = other;
    return {
      code: 'base-unused',
      what: 'another base in the same folder is not used',
      where: join(folder, other.base),
      why,
      next,
    };
  });
  return info.ok ? ok({ name, path, info: info.value, warnings }) : info;
}

/** The id of an image with this content. */
export function imageId(content: IdentityFacts): string {
  return `sha256:${createHash('sha256').update(identity(content)).digest('hex')}`;
}

/**
 * Compares the payload with the manifest's digests, segment by segment, then the id derived from them.
 * Throws Interrupted when `signal` is aborted.
 */
export async function verifyPayload(
  path: string,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Result<void>> {
  const count = manifest.segments.length;
  let offset = payloadStart(manifest);
  for (const [i, segment] of manifest.segments.entries()) {
    const digest = await hashRange(path, offset, segment.size, signal);
    if (!digest.ok) return digest;
    if (digest.value !== segment.sha256) {
      return err(
        damaged(
          `segment ${i + 1} of ${count} (bytes ${offset} to ${offset + segment.size}) does not match its manifest:\n` +
            `SHA-256 ${digest.value}, expected ${segment.sha256}`,
          { where: path },
        ),
      );
    }
    offset += segment.size;
  }
  const made = imageId(manifest);
  if (made === manifest.id) return ok();
  return err(damaged(`its manifest has the id ${manifest.id}, its content ${made}`, { where: path }));
}

/** SHA-256 of `length` bytes at `start`, in hexadecimal. */
async function hashRange(
  path: string,
  start: number,
  length: number,
  signal: AbortSignal,
): Promise<Result<string>> {
  const hash = createHash('sha256');
  if (length === 0) return ok(hash.digest('hex'));
  try {
    const pieces = createReadStream(path, { start, end: start + length - 1, highWaterMark: 2 ** 20, signal });
    for await (const piece of pieces) hash.update(piece as Buffer);
  } catch (cause) {
    if (signal.aborted) throw new Interrupted();
    return err(readFailure(path, cause));
  }
  return ok(hash.digest('hex'));
}

/** Errors of the operating system become a Problem; anything else is a bug and rethrown. */
function readFailure(path: string, cause: unknown): Problem {
  if (!(cause instanceof Error) || !('code' in cause) || !('syscall' in cause)) throw cause;
  const next = cause.code === 'ENOENT' ? 'build it: mkma build' : 'correct that and try again';
  return unreadable(path, cause.message, next);
}
