/** What an image contains, read from its archive or file system and its manifest. */

import { type FileAttributes, isOfLayer, withoutOpaqueMark } from '../archive/attributes.js';
import { NEWC_MAX_NAME, type ParsedNewcHeader, S_IFLNK, S_IFMT } from '../archive/cpio.js';
import type { ArchiveReader, ArchiveRecord } from '../archive/parser.js';
import { fileTypeOf, type TreeEntry } from '../archive/tree.js';
import type { Manifest } from '../image/manifest.js';
import { decodeName } from '../text/path.js';

/** A file, folder or link in an image. */
export type LayerEntry = Pick<
  TreeEntry,
  'path' | 'type' | 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'target'
> & {
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
  /** SHA-256 of a file's content, if requested, or if the manifest has it. */
  readonly digest?: string;
  /** Whether the image has only the metadata of the file, which keeps the content it has below. */
  readonly metadataOnly?: boolean;
};

/** What an image contains and hides; an unpacked one (LowerLayer) has this form, too. */
export interface LayerTree {
  readonly entries: ReadonlyMap<string, LayerEntry>;
  readonly whiteouts: ReadonlySet<string>;
  readonly opaque: ReadonlySet<string>;
  readonly attributes: ReadonlyMap<string, FileAttributes['values']>;
}

/** Computes a digest of pieces. */
export interface Hasher {
  update(piece: Uint8Array): void;
  digest(): string;
}

export interface TreeOptions {
  /** Paths to keep; all by default. */
  readonly only?: ReadonlySet<string>;
  /** If given, digests of all files' contents are computed. */
  readonly hasher?: () => Hasher;
}

type Draft = { -readonly [K in keyof LayerEntry]: LayerEntry[K] };

/** Collects the records that a parser of an archive reports. */
export class TreeCollector implements ArchiveReader {
  /** Records so far, kept or not. */
  records = 0;
  private readonly entries = new Map<string, Draft>();
  private readonly whiteouts = new Set<string>();
  private readonly opaque = new Set<string>();
  /** Names that share an inode, by its number: one of them carries the content. */
  private readonly links = new Map<number, Draft[]>();
  private readonly attributes = new Map<string, FileAttributes['values']>();
  private current: { readonly draft: Draft; readonly hasher: Hasher; missing: number } | undefined;

  constructor(private readonly options: TreeOptions = {}) {}

  want(_path: string, { mode, size }: ParsedNewcHeader): boolean {
    return (mode & S_IFMT) === S_IFLNK && size < NEWC_MAX_NAME;
  }

  onRecord(record: ArchiveRecord): void {
    this.close();
    this.records++;
    const draft = draftOf(record);
    const { path, type, device } = draft;
    const kept = this.options.only?.has(path) !== false;
    // Archives made by hand may contain whiteouts as device nodes.
    if (type === 'c' && device?.[0] === 0 && device[1] === 0) {
      if (kept) this.whiteouts.add(path);
      return;
    }
    if (kept) {
      this.entries.set(path, draft);
      const { values, opaque } = withoutOpaqueMark(record.attributes?.(isOfLayer) ?? {});
      if (opaque) this.opaque.add(path);
      if (Object.keys(values).length > 0) this.attributes.set(path, values);
    }
    if (type !== 'f') return;
    if (record.nlink > 1) {
      const names = this.links.get(record.ino);
      if (names === undefined) this.links.set(record.ino, [draft]);
      else names.push(draft);
    }
    const { hasher } = this.options;
    if (hasher !== undefined) this.current = { draft, hasher: hasher(), missing: draft.size };
  }

  onData(piece: Uint8Array): void {
    if (this.current === undefined) return;
    this.current.hasher.update(piece);
    this.current.missing -= piece.length;
  }

  /** The tree, after the end of the archive. */
  finish(manifest: Manifest | undefined): LayerTree {
    this.close();
    for (const { path, values } of manifest?.attributes ?? []) this.attributes.set(path, values);
    for (const names of this.links.values()) this.shareFacts(names);
    const facts = manifest?.kind === 'layer' ? manifest.layer : { deletions: [], opaque: [] };
    const { only } = this.options;
    const kept = (path: string): boolean => only?.has(path) !== false;
    for (const { path, sha256, ...file } of ('metadata' in facts ? facts.metadata : undefined) ?? []) {
      if (!kept(path)) continue;
      this.entries.set(path, { path, type: 'f', ...file, target: '', digest: sha256, metadataOnly: true });
    }
    return {
      entries: this.entries,
      whiteouts: new Set([...this.whiteouts, ...facts.deletions.filter(kept)]),
      opaque: new Set([...this.opaque, ...facts.opaque.filter(kept)]),
      attributes: this.attributes,
    };
  }

  /** What an archive has under one of the names of an inode applies to all of them. */
  private shareFacts(names: readonly Draft[]): void {
    const whole = names.find(({ size }) => size > 0);
    const values = names.map(({ path }) => this.attributes.get(path)).find((found) => found !== undefined);
    for (const draft of names) {
      if (whole !== undefined) draft.size = whole.size;
      if (whole?.digest !== undefined) draft.digest = whole.digest;
      if (values !== undefined) this.attributes.set(draft.path, values);
    }
  }

  private close(): void {
    // Contents are never read from a file system, so it has no digests.
    if (this.current?.missing === 0) this.current.draft.digest = this.current.hasher.digest();
    this.current = undefined;
  }
}

function draftOf(record: ArchiveRecord): Draft {
  const { mode, uid, gid, size, mtime, data, rdevMajor, rdevMinor } = record;
  const type = fileTypeOf(mode);
  return {
    path: record.path === '' ? '.' : record.path,
    ...{ type, mode: mode & 0o7777, uid, gid, size, mtime },
    target: data === undefined ? '' : decodeName(data),
    ...(type === 'b' || type === 'c' ? { device: [rdevMajor, rdevMinor] as const } : {}),
  };
}
