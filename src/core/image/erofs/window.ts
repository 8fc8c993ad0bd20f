/** Small reads from a file that is read in larger pieces. */
import type { ReadAt } from '../reads.js';

/** Bytes per piece, and how many are kept. */
const PIECE = 64 * 2 ** 10;
const MOST = 64;

/** Reads through a cache of the last pieces. Throws a RangeError if fewer bytes exist than asked for. */
export function windowed(read: ReadAt): ReadAt {
  const kept = new Map<number, Uint8Array>();
  const piece = (index: number): Uint8Array => {
    const known = kept.get(index);
    const bytes = known ?? read(index * PIECE, PIECE);
    // A map keeps its order: the last used one is the last in it.
    if (known !== undefined) kept.delete(index);
    kept.set(index, bytes);
    if (kept.size > MOST) kept.delete(kept.keys().next().value as number);
    return bytes;
  };
  return (offset, length) => {
    const out = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const bytes = piece(Math.floor(at / PIECE));
      const from = at % PIECE;
      const part = bytes.subarray(from, from + length - done);
      if (part.length === 0) throw new RangeError(`nothing at ${at}`);
      out.set(part, done);
      done += part.length;
    }
    return out;
  };
}
