/** A layer to merge, as data: what it has, and where its archive or file system has the contents. */
import { type FileAttributes, isOfLayer, withoutOpaqueMark } from '../../archive/attributes.js';
import {
  NEWC_HEADER_SIZE,
  NEWC_MAX_NAME,
  newcPadding,
  type ParsedNewcHeader,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../../archive/cpio.js';
import type { ArchiveReader, ArchiveRecord } from '../../archive/parser.js';
import { fileTypeOf, type TreeEntry } from '../../archive/tree.js';
import type { FileMetadata, LayerManifest } from '../../image/manifest.js';
import { databaseOf } from '../../records/databases.js';
import { isPackageList } from '../../records/packages.js';
import { decodeName } from '../../text/path.js';

/** A file, folder or link of a layer. */
export interface SourceEntry
  extends Pick<TreeEntry, 'path' | 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'size' | 'target'> {
  /** Number of its inode within the layer, and the number of names that has there. */
  readonly ino: number;
  readonly nlink: number;
  /** Where the decompressed archive has its content, in bytes; of a file system its place in the order. */
  readonly at: number;
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
}

/** What a layer has and hides. */
export interface SourceTree {
  readonly entries: ReadonlyMap<string, SourceEntry>;
  readonly whiteouts: ReadonlySet<string>;
  readonly opaque: ReadonlySet<string>;
  readonly attributes: ReadonlyMap<string, FileAttributes['values']>;
  /** Files that keep the content they have below. */
  readonly metadata: ReadonlyMap<string, FileMetadata>;
  /** Content of files with several owners (core/records); of a file system it is read elsewhere. */
  readonly texts: ReadonlyMap<string, string>;
}

type Draft = { -readonly [K in keyof SourceEntry]: SourceEntry[K] };

/** Collects the records that a parser of an archive, or a reader of a file system, reports. */
export class SourceCollector implements ArchiveReader {
  /** Records so far. */
  records = 0;
  private readonly entries = new Map<string, Draft>();
  private readonly whiteouts = new Set<string>();
  private readonly opaque = new Set<string>();
  private readonly attributes = new Map<string, FileAttributes['values']>();
  private readonly texts = new Map<string, string>();
  /** Names that share an inode, by its number. */
  private readonly links = new Map<number, Draft[]>();
  /** Bytes of the archive so far. */
  private position = 0;

  constructor(private readonly format: 'archive' | 'file system') {}

  want(path: string, { mode, size }: ParsedNewcHeader): boolean {
    const type = mode & S_IFMT;
    return type === S_IFLNK ? size < NEWC_MAX_NAME : type === S_IFREG && isText(path);
  }

  onRecord(record: ArchiveRecord): void {
    this.records++;
    const at = this.place(record);
    const path = record.path === '' ? '.' : record.path;
    const type = fileTypeOf(record.mode);
    const { rdevMajor, rdevMinor, uid, gid, mtime, size, ino, nlink } = record;
    if (type === 'c' && rdevMajor === 0 && rdevMinor === 0) {
      this.whiteouts.add(path);
      return;
    }
    const draft: Draft = {
      ...{ path, type, mode: record.mode & 0o7777, uid, gid, mtime, size, ino, nlink, at },
      target: type === 'l' && record.data !== undefined ? decodeName(record.data) : '',
      ...(type === 'b' || type === 'c' ? { device: [rdevMajor, rdevMinor] as const } : {}),
    };
    this.entries.set(path, draft);
    // Of several names one has the content.
    const isWhole = nlink < 2 || size > 0;
    if (type === 'f' && record.data !== undefined && isWhole) this.texts.set(path, decodeName(record.data));
    const { values, opaque } = withoutOpaqueMark(record.attributes?.(isOfLayer) ?? {});
    if (opaque) this.opaque.add(path);
    if (Object.keys(values).length > 0) this.attributes.set(path, values);
    if (type === 'd' || nlink < 2) return;
    const names = this.links.get(ino);
    if (names === undefined) this.links.set(ino, [draft]);
    else names.push(draft);
  }

  /** Where its content is. */
  private place({ nameSize, size }: ParsedNewcHeader): number {
    if (this.format === 'file system') return this.records;
    const head = NEWC_HEADER_SIZE + nameSize;
    const at = this.position + head + newcPadding(head);
    this.position = at + size + newcPadding(size);
    return at;
  }

  /** The layer, after the end of its records. */
  finish({ attributes, layer }: Pick<LayerManifest, 'attributes' | 'layer'>): SourceTree {
    for (const { path, values } of attributes) this.attributes.set(path, values);
    for (const names of this.links.values()) this.share(names);
    return {
      entries: this.entries,
      whiteouts: new Set([...this.whiteouts, ...layer.deletions]),
      opaque: new Set([...this.opaque, ...layer.opaque]),
      attributes: this.attributes,
      metadata: new Map((layer.metadata ?? []).map((file) => [file.path, file])),
      texts: this.texts,
    };
  }

  /** An archive has content and attributes under one of the names of an inode. */
  private share(names: readonly Draft[]): void {
    const whole = names.find(({ size }) => size > 0) ?? names.at(-1);
    const values = names.map(({ path }) => this.attributes.get(path)).find((found) => found !== undefined);
    for (const draft of names) {
      if (whole !== undefined && this.format === 'archive') {
        draft.size = whole.size;
        draft.at = whole.at;
      }
      if (values !== undefined) this.attributes.set(draft.path, values);
    }
  }
}

/** Whether a file's content takes part in merging. */
export function isText(path: string): boolean {
  return databaseOf(path) !== undefined || isPackageList(path);
}
