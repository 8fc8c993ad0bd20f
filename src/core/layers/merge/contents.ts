/** A merged layer in the form of a tree to pack, and the way to its contents in the layers it is made of. */
import type { TreeEntry } from '../../archive/tree.js';
import type { DeviceNumbers, PlannedRecord } from '../../image/archive-plan.js';
import type { SeekEntry } from '../../image/image.js';
import { encodeName } from '../../text/path.js';
import type { MergedEntry, MergedTree } from './tree.js';

/** A tree for planArchive. Files are in the order in which the layers have their contents. */
export interface TreeToPack {
  readonly tree: readonly TreeEntry[];
  readonly metadataOnly: readonly TreeEntry[];
  readonly devices: DeviceNumbers;
}

/** `texts`: content that files have in the merged layer alone. */
export function treeToPack(
  { entries, metadata }: MergedTree,
  texts: ReadonlyMap<string, string>,
): TreeToPack {
  const folders = entries.filter(({ type }) => type === 'd');
  const others = entries
    .filter(({ type }) => type !== 'd')
    .sort((a, b) => a.source - b.source || a.at - b.at);
  return {
    tree: [...folders, ...others].map((entry) => {
      const text = texts.get(entry.path);
      return toEntry(text === undefined ? entry : { ...entry, size: encodeName(text).length });
    }),
    metadataOnly: metadata.map((file) =>
      toEntry({ ...file, type: 'f', target: '', nlink: 1, inode: `metadata:${file.path}` }),
    ),
    devices: new Map(
      others.flatMap(({ path, device }) =>
        device === undefined ? [] : [[path, { major: device[0], minor: device[1] }] as const],
      ),
    ),
  };
}

type Facts = Pick<
  MergedEntry,
  'path' | 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'size' | 'target' | 'nlink' | 'inode'
>;

function toEntry(entry: Facts): TreeEntry {
  const { path, type, mode, uid, gid, mtime, size, target, nlink, inode } = entry;
  const facts = { path, type, mode, uid, gid, mtime, size, target, nlink };
  return { ...facts, ino: inode, fileSystem: '', changed: '', allocated: size };
}

/** Where the contents of a layer are. */
export type SourceContents =
  | {
      /** The frames of its archive, in order. */
      readonly frames: readonly ArchiveFrame[];
    }
  | { readonly frames?: undefined };

/** A part of an archive that can be decompressed by itself. */
export interface ArchiveFrame {
  /** Where it begins in the file, and its bytes there. */
  readonly at: number;
  readonly size: number;
  /** Where its content begins in the archive, and the bytes of it. */
  readonly from: number;
  readonly bytes: number;
}

/** The frames of an archive by its seek table; `start`: where the first begins in the file. */
export function archiveFrames(entries: readonly SeekEntry[], start: number): ArchiveFrame[] {
  let [at, from] = [start, 0];
  return entries.map(({ size, bytes }) => {
    const frame = { at, size, from, bytes };
    at += size;
    from += bytes;
    return frame;
  });
}

/** A step of a stream: frames of an archive, decompressed one after the other, or whole files. */
export type Step =
  | { readonly source: number; readonly at: number; readonly size: number }
  | {
      readonly source: number;
      /** Their paths in the file system. */
      readonly files: readonly string[];
      /** Bytes of the first to leave out. */
      readonly skip: number;
    };

/** A stream with the contents of records in their order, and where it has that of each. */
export interface Streamed<T extends PlannedRecord> {
  readonly records: readonly (T & { readonly content?: number })[];
  readonly steps: readonly Step[];
}

/** A content that is needed: bytes `from` to `to` of it. */
interface Wanted {
  readonly entry: MergedEntry;
  readonly from: number;
  readonly to: number;
}

/** The stream from which a packer takes these contents. */
export class ContentStreams {
  private readonly entries: ReadonlyMap<string, MergedEntry>;

  constructor(
    entries: readonly MergedEntry[],
    private readonly sources: readonly SourceContents[],
  ) {
    this.entries = new Map(entries.map((entry) => [entry.path, entry]));
  }

  /**
   * For records of an archive. `rangeOf`: which bytes of a record's content are needed, if any; all of them
   * by default.
   */
  stream<T extends PlannedRecord>(
    records: readonly T[],
    rangeOf: (record: T) => readonly [from: number, to: number] = ({ size }) => [0, size],
  ): Streamed<T> {
    const steps = new Steps(this.sources);
    const streamed = records.map((record) => {
      const entry = record.data === 'file' ? this.entries.get(record.path) : undefined;
      if (entry === undefined) return record;
      // An empty one is in no stream.
      if (record.size === 0) return { ...record, data: 'none' as const };
      const [from, to] = rangeOf(record);
      return from >= to ? record : { ...record, content: steps.add({ entry, from, to }) };
    });
    return { records: streamed, steps: steps.finish() };
  }
}

class Steps {
  private readonly steps: Step[] = [];
  /** Bytes of the stream before the step in progress, and, of an archive, where that begins in it. */
  private base = 0;
  private current:
    | { source: number; first: number; last: number; start: number; done: number }
    | { source: number; files: string[]; skip: number; bytes: number }
    | undefined;

  constructor(private readonly sources: readonly SourceContents[]) {}

  /** Adds a content; returns where the stream has its first byte, needed or not. */
  add(wanted: Wanted): number {
    const { frames } = this.sources[wanted.entry.source] as SourceContents;
    return frames === undefined ? this.addFile(wanted) : this.addRange(wanted, frames);
  }

  finish(): Step[] {
    this.close();
    return this.steps;
  }

  private addRange({ entry, from, to }: Wanted, frames: readonly ArchiveFrame[]): number {
    const { source } = entry;
    const [start, end] = [entry.at + from, entry.at + to];
    const first = frameAt(frames, start);
    const last = frameAt(frames, end - 1);
    const now = this.current;
    const follows =
      now !== undefined &&
      'first' in now &&
      now.source === source &&
      start >= now.done &&
      first <= now.last + 1;
    if (!follows) {
      this.close();
      const begin = (frames[first] as ArchiveFrame).from;
      this.current = { source, first, last, start: begin, done: end };
      return this.base + entry.at - begin;
    }
    now.last = Math.max(now.last, last);
    now.done = end;
    return this.base + entry.at - now.start;
  }

  /** Of a file that is not needed to its end, the rest is in the stream as well. */
  private addFile({ entry: { source, path, size }, from }: Wanted): number {
    let now = this.current;
    if (now === undefined || !('files' in now) || now.source !== source || from > 0) {
      this.close();
      now = { source, files: [], skip: from, bytes: -from };
      this.current = now;
    }
    const content = this.base + now.bytes;
    now.files.push(path);
    now.bytes += size;
    return content;
  }

  private close(): void {
    const now = this.current;
    this.current = undefined;
    if (now === undefined) return;
    if ('files' in now) {
      this.steps.push({ source: now.source, files: now.files, skip: now.skip });
      this.base += now.bytes;
      return;
    }
    const frames = this.sources[now.source]?.frames as readonly ArchiveFrame[];
    const used = frames.slice(now.first, now.last + 1);
    const sum = (of: (frame: ArchiveFrame) => number): number => used.reduce((all, one) => all + of(one), 0);
    this.steps.push({ source: now.source, at: (used[0] as ArchiveFrame).at, size: sum(({ size }) => size) });
    this.base += sum(({ bytes }) => bytes);
  }
}

/** The frame that has this byte of an archive. */
function frameAt(frames: readonly ArchiveFrame[], byte: number): number {
  let [low, high] = [0, frames.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((frames[middle] as ArchiveFrame).from <= byte) low = middle;
    else high = middle - 1;
  }
  return low;
}
