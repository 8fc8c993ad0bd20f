/** Reads a written device back, past the page cache, and compares. */
import { join } from 'node:path';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Result } from '../../core/result.js';
import { generationPath } from '../../core/set/generations.js';
import type { Context } from '../context.js';
import { sha256Of } from '../sys/digest.js';
import { Interrupted } from '../sys/run.js';
import { deviceFailure, differs, forgetCache, readBack } from './disk.js';
import type { Piece } from './gpt.js';
import type { Part } from './layout.js';
import { mountStorage } from './mount.js';
import { compareSealed, type WrittenPiece } from './seal.js';
import type { SetFile } from './source.js';

export interface Written {
  readonly path: string;
  readonly pieces: readonly Piece[];
  /** The file system with them. */
  readonly part: Part;
  /** What was written encrypted. */
  readonly sealed: readonly WrittenPiece[];
  /** The generation and its files that were written, with the digests that they had before. */
  readonly number: number;
  readonly files: readonly SetFile[];
  readonly digests: ReadonlyMap<string, string>;
}

/** Compares pieces by their bytes, files of the file system and what is encrypted by their digests. */
export async function verifyDevice(
  written: Written,
  scratch: string,
  context: Context,
): Promise<Result<void>> {
  const { path, pieces, part, files, sealed } = written;
  const { signal, emit } = context;
  const total = [...files, ...sealed].reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    emit({ type: 'progress', stage: 'verify', done, total, unit: 'bytes' });
  };
  const forgotten = await forgetCache(path, signal);
  if (!forgotten.ok) return forgotten;
  for (const piece of pieces) {
    const same = await readBack(path, piece, signal);
    if (!same.ok) return same;
  }
  const same = await compareSealed(path, sealed, signal, onBytes);
  if (!same.ok) return same;
  const mounted = await mountStorage(path, part, { scratch, readOnly: true }, signal);
  if (!mounted.ok) return mounted;
  const folder = join(mounted.value.path, generationPath(MEDIUM.images, written.number));
  return compareFiles(folder, written, signal, onBytes).finally(() => mounted.value.unmount());
}

/** Compares the files in a generation's folder with the digests of what they were copied from. */
export async function compareFiles(
  folder: string,
  { path, files, digests }: Pick<Written, 'path' | 'files' | 'digests'>,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Result<void>> {
  for (const { name, from } of files) {
    const file = join(folder, name);
    let digest: string;
    try {
      digest = await sha256Of(file, { signal, onBytes });
    } catch (cause) {
      if (cause instanceof Interrupted) throw cause;
      return err(deviceFailure(path, cause));
    }
    if (digest !== digests.get(from)) return err(differs(path, name));
  }
  return ok();
}
