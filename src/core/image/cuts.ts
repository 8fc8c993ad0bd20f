/**
 * Where segments end, and the numbers of inodes; pure. Both depend on what is near in the archive alone: a
 * change of one file changes its segment, and hardly ever another one.
 */

/** Something that must stay in one segment. */
export interface Piece {
  /** Its name; its hash decides. */
  readonly path: string;
  /** Bytes of archive. */
  readonly bytes: number;
}

/** Bytes of archive that a segment has at most, unless a single inode has more, and its share at least. */
export const SEGMENT_MOST = 28 * 2 ** 20;
const LEAST_SHARE = 2 / 7;

/**
 * Cuts a sequence behind the pieces with the least hash among those where the segment may end: a size only
 * selects which of them may. Thus most cuts are the same before and after a change (content-defined chunking,
 * by local extremes: N. Bjørner et al., "Content-dependent chunking for differential compression", 2010).
 */
export function cutSegments<T extends Piece>(pieces: readonly T[], most = SEGMENT_MOST): T[][] {
  const least = most * LEAST_SHARE;
  const hashes = new PathHashes();
  const segments: T[][] = [];
  let left = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
  for (let begin = 0; begin < pieces.length; ) {
    const { end, bytes } =
      left <= most
        ? { end: pieces.length, bytes: left }
        : nextCut(pieces, begin, least, Math.min(most, left - least), hashes);
    segments.push(pieces.slice(begin, end));
    left -= bytes;
    begin = end;
  }
  return segments;
}

/** The end of the segment of `least` to `most` bytes, or of the smallest one with more. */
function nextCut(pieces: readonly Piece[], begin: number, least: number, most: number, hashes: PathHashes) {
  let cut = { end: begin, bytes: 0 };
  let lowest = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let i = begin; i < pieces.length && bytes <= most; i++) {
    const piece = pieces[i] as Piece;
    bytes += piece.bytes;
    if (bytes < least) continue;
    if (bytes > most && cut.end > begin) break;
    const hash = hashes.of(piece.path);
    if (hash >= lowest) continue;
    cut = { end: i + 1, bytes };
    lowest = hash;
  }
  return cut;
}

/** Hashes of paths: FNV-1a with the finalizer of MurmurHash3, over UTF-16, the folder's part once. */
class PathHashes {
  private folder = '';
  private state = FNV_BASIS;

  /** 32 bits, unsigned. Fast for paths of one folder in a row. */
  of(path: string): number {
    const name = path.lastIndexOf('/') + 1;
    if (name !== this.folder.length || !path.startsWith(this.folder)) {
      this.folder = path.slice(0, name);
      this.state = fnv(FNV_BASIS, this.folder, 0);
    }
    return mix(fnv(this.state, path, name));
  }
}

/** Constants of the hash (draft-eastlake-fnv). */
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function fnv(state: number, text: string, from: number): number {
  let hash = state;
  for (let i = from; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash;
}

/** fmix32 of MurmurHash3. */
function mix(state: number): number {
  let hash = state;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** How many numbers there are: those of 32 bits, without 0. */
const NUMBERS = 2 ** 32 - 1;

/**
 * Ranges of numbers for the inodes of each segment: each begins at the hash of the segment's first path, or
 * behind another range that has it. No two inodes share a number.
 */
export class InodeNumbers {
  private readonly taken: { readonly from: number; readonly to: number }[] = [];
  private readonly hashes = new PathHashes();

  /** The first of `count` numbers, of 1 to 2^32 - 1. */
  give(path: string, count: number): number {
    let from = 1 + (this.hashes.of(path) % (NUMBERS - count + 1));
    for (let other = this.at(from, count); other !== undefined; other = this.at(from, count)) {
      from = other.to + count > NUMBERS + 1 ? 1 : other.to;
    }
    this.taken.push({ from, to: from + count });
    return from;
  }

  private at(from: number, count: number) {
    return this.taken.find((range) => range.from < from + count && from < range.to);
  }
}
