/** Digests of files on this host. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { Interrupted } from './run.js';

/** A digest of a file's content, short enough to be shown. */
export function digestFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 20);
}

/** A digest of a text, as long as that of a file. */
export function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}

export interface Hashing {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of each piece that was read. */
  readonly onBytes?: (bytes: number) => void;
}

/** SHA-256 of a file of any size, in hexadecimal. Throws Interrupted when the signal is aborted. */
export async function sha256Of(path: string, hashing: Hashing = {}): Promise<string> {
  const hash = createHash('sha256');
  await hashFile(hash, path, hashing);
  return hash.digest('hex');
}

/** Adds a file of any size to a digest. */
export async function hashFile(hash: Hash, path: string, { signal, onBytes }: Hashing = {}): Promise<void> {
  const options = { highWaterMark: 2 ** 20, ...(signal === undefined ? {} : { signal }) };
  try {
    for await (const piece of createReadStream(path, options)) {
      hash.update(piece as Buffer);
      onBytes?.((piece as Buffer).length);
    }
  } catch (cause) {
    if (signal?.aborted) throw new Interrupted();
    throw cause;
  }
}
