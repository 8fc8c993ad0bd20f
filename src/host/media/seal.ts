/**
 * The encrypted part of a medium: its file system is made in a file without a name, and only its ciphertext
 * goes to the medium, block by block in use.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { err, ok, type Result } from '../../core/result.js';
import { Interrupted } from '../sys/run.js';
import { type Disk, deviceFailure, differs, readDigest } from './disk.js';
import { LUKS_HEADER, MIB, type Part } from './layout.js';
import type { LuksHeader } from './luks.js';
import type { Range } from './used-blocks.js';
import { encryptSectors } from './xts.js';

/** What goes into the partition. */
export interface Sealed {
  readonly header: LuksHeader;
  /** The file system in the clear, and its used ranges. */
  readonly file: string;
  readonly ranges: readonly Range[];
}

/** What was written at an offset of the medium, for reading it back. */
export interface WrittenPiece {
  readonly at: number;
  readonly bytes: number;
  /** SHA-256 in hexadecimal digits. */
  readonly digest: string;
}

/** Bytes that go into the partition. */
export function sealedBytes({ header, ranges }: Pick<Sealed, 'header' | 'ranges'>): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, header.bytes.length);
}

/** Encrypts and writes all of it. `onBytes` counts what the medium has, and may wait for it. */
export async function writeSealed(
  disk: Disk,
  { header, file, ranges }: Sealed,
  part: Part,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => Promise<void> },
): Promise<WrittenPiece[]> {
  const written: WrittenPiece[] = [];
  const write = async (at: number, bytes: Buffer): Promise<void> => {
    if (signal.aborted) throw new Interrupted();
    await disk.write({ at, bytes });
    written.push({ at, bytes: bytes.length, digest: createHash('sha256').update(bytes).digest('hex') });
    await onBytes(bytes.length);
  };
  await write(part.start, header.bytes);
  await using source = await open(file, 'r');
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += MIB) {
      const bytes = await readWhole(source, at, Math.min(MIB, end - at));
      encryptSectors(header.key, at, bytes);
      await write(part.start + LUKS_HEADER + at, bytes);
    }
  }
  return written;
}

async function readWhole(source: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  // The end of a sparse file may be a hole that is not there.
  for (let done = 0; done < length; ) {
    const { bytesRead } = await source.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes;
}

/** Compares what a device returns, past the page cache, with what was written. */
export async function compareSealed(
  path: string,
  written: readonly WrittenPiece[],
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Result<void>> {
  for (const { at, bytes, digest } of written) {
    let found: string;
    try {
      found = await readDigest(path, { at, bytes }, signal, onBytes);
    } catch (cause) {
      if (cause instanceof Interrupted) throw cause;
      return err(deviceFailure(path, cause));
    }
    if (found !== digest) return err(differs(path, `bytes ${at} to ${at + bytes}`));
  }
  return ok();
}
