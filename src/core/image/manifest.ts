/** The JSON inside an image's manifest frame (image.ts, docs/image-format.md). */
import { type FileAttributes, isOverlayMark } from '../archive/attributes.js';
import { FORMAT_VERSION } from '../contract.js';
import { type IdentityMark, isIdentityMark } from '../identity/mark.js';
import { isRecords } from '../records/check.js';
import type { Records } from '../records/records.js';
import { err, ok, type Result } from '../result.js';
import { concatBytes } from '../text/bytes.js';
import { encodeName, isSafePath } from '../text/path.js';
import { damaged } from './problems.js';

/** A part of the payload that can be decompressed and unpacked by itself. */
export interface Segment {
  /** Bytes in the file; segments follow each other from where the payload begins. */
  readonly size: number;
  /** Bytes of the archive it decompresses to; of a file system its own. */
  readonly bytes: number;
  /** zstd frames it consists of; 0 in a file system, which is one segment. */
  readonly frames: number;
  /** Archive records in it, without the trailer; names in a file system. */
  readonly records: number;
  /** SHA-256 of its bytes in the file, in hexadecimal. */
  readonly sha256: string;
}

/** The part that all images share. */
interface CommonManifest {
  readonly format: typeof FORMAT_VERSION;
  /** What a reader must support beyond the first version of the format: see {@link KNOWN_NEEDS}. */
  readonly needs: readonly string[];
  /** `sha256:` and the digest of {@link identity}: identifies the content of the image. */
  readonly id: string;
  /** Name of the machine it was built as. */
  readonly name: string;
  /** When it was made, ISO 8601 in UTC. */
  readonly created: string;
  /** Version of the mkma that made it. */
  readonly mkma: string;
  readonly suite: string;
  /** Debian's name of the architecture. */
  readonly architecture: string;
  /** `uname -r` of the kernel whose modules are inside; of a layer: inside its base. */
  readonly kernelRelease: string;
  /**
   * Bytes of RAM its content takes: files on a tmpfs, each rounded up to whole pages; a file system as it is.
   */
  readonly unpackedBytes: number;
  /** Inodes it takes. */
  readonly inodes: number;
  /** The tree's root, which an unpacker finds in place and may leave as it is. */
  readonly root: RootFacts;
  readonly segments: readonly Segment[];
  /** Bytes that decompressing a segment takes beside the content, if more than zstd's usual few MiB. */
  readonly window?: number;
  /** Extended attributes of its files; a file system carries its own, so only those of the root. */
  readonly attributes: readonly FileAttributes[];
  /**
   * Its accounts and dpkg database; absent in older images. Not part of {@link identity}, which covers the
   * files themselves.
   */
  readonly records?: Records;
  /** Of an EROFS file system. */
  readonly erofs?: ErofsFacts;
}

/** A whole system. */
export interface BaseManifest extends CommonManifest {
  readonly kind: 'base';
  /**
   * Its installed packages, a line `name version` each, sorted; `name:architecture` where a name is there
   * twice. Absent in older images. For people and comparisons; one text, so that early boot reads it at no
   * cost.
   */
  readonly packages?: string;
}

/** The checksum of a file system, verified by early boot once it is in RAM. */
export interface ErofsFacts {
  /** XXH64 with seed 0 of the whole file system, in hexadecimal (xxhash.com; `xxhsum -H64`). */
  readonly xxh64: string;
}

/** Changes to a base. */
export interface LayerManifest extends CommonManifest {
  readonly kind: 'layer';
  readonly layer: LayerFacts;
}

export type Manifest = BaseManifest | LayerManifest;

/** What a layer was made on, and what it deletes. */
export interface LayerFacts {
  /** Id of the base it was made on; absent if that had no manifest. */
  readonly base?: string;
  /** Id of the layer directly below it when it was made; absent if that was the base. */
  readonly after?: string;
  /** Paths that exist below it and not in it: they become whiteouts; a file system has them already. */
  readonly deletions: readonly string[];
  /**
   * Folders among the deletions that were empty below, in a merged layer also among the opaque ones: what
   * they have elsewhere, the layer has not seen. Absent if there are none.
   */
  readonly emptied?: readonly string[];
  /** Directories in it that hide what is below them. */
  readonly opaque: readonly string[];
  /**
   * Files that are not in it and keep the content they have below; absent if there are none, as in every file
   * system, which is mounted as it is.
   */
  readonly metadata?: readonly FileMetadata[];
  /**
   * Of a layer that others were merged into: their ids, the lowest first. Those of them that are still below
   * it are not applied.
   */
  readonly merged?: readonly string[];
  /** All ids that the highest of them had: what was made directly on that was made on this layer. */
  readonly highest?: readonly string[];
  /** Of a layer with an identity. No layer is made on it, and it is on none: see {@link identityMark}. */
  readonly identity?: IdentityMark;
  /**
   * Names of files that are made from others (core/derived) and are not in it, since not all that they
   * were made from was saved; absent if there are none.
   */
  readonly remake?: readonly string[];
}

/** The ids by which layers above refer to an image as the one that they were made on. */
export function idsOf({ id, ...manifest }: Manifest): readonly string[] {
  const { highest = [] } = manifest.kind === 'layer' ? manifest.layer : {};
  return [id, ...highest];
}

/** The metadata of a file, and the content that it belongs to. Extended attributes are with all others. */
export interface FileMetadata {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Bytes of the content, at least 1, and its SHA-256 in hexadecimal. */
  readonly size: number;
  readonly sha256: string;
}

export interface RootFacts {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The mark of a layer with an identity: it is replaced without a thought for the layers above it, so in a
 * chain of layers it does not count.
 */
export function identityMark(manifest: Manifest | undefined): IdentityMark | undefined {
  return manifest?.kind === 'layer' ? manifest.layer.identity : undefined;
}

/** Names in an image. */
export function recordCount({ segments }: Manifest): number {
  return segments.reduce((sum, { records }) => sum + records, 0);
}

/**
 * Names of an image in RAM: a tmpfs counts them as inodes, hard links included (shmem_link in mm/shmem.c).
 */
export function nameCount(manifest: Manifest): number {
  if (isErofs(manifest)) return 0;
  const { deletions = [], metadata = [] } = manifest.kind === 'layer' ? manifest.layer : {};
  return recordCount(manifest) + deletions.length + metadata.length;
}

/** Whether the image is a file system, kept in RAM as it is. */
export function isErofs(manifest: Manifest): manifest is Manifest & { readonly erofs: ErofsFacts } {
  return manifest.erofs !== undefined;
}

/** The short form of an id. */
export function shortId(id: string): string {
  return id.slice(0, 'sha256:'.length + 12);
}

/** Known values of `needs`, with their meaning. A reader refuses an image with any other. */
const KNOWN_NEEDS: readonly string[] = ['attributes', 'erofs', 'identity', 'metadata'];

/**
 * What an image's id is the SHA-256 of: the digests of its segments, as bytes in order, then, as JSON, what
 * is not in them. Two images with the same id have the same content.
 */
export function identity(content: IdentityFacts): Uint8Array {
  const { attributes, layer } = content;
  const digests = content.segments.map(({ sha256 }) => hexBytes(sha256));
  return concatBytes([...digests, encodeName(JSON.stringify([attributes, layer ?? null]))]);
}

/** The part of a manifest that its id covers. */
export type IdentityFacts = Pick<Manifest, 'segments' | 'attributes'> & { readonly layer?: LayerFacts };

function hexBytes(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}

/** Parses and checks a manifest's JSON. One with unknown needs is refused, naming both sides. */
export function parseManifest(json: string): Result<Manifest> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return err(damaged('its manifest is not JSON'));
  }
  const m = isObject(value) ? value : {};
  if (m.format !== FORMAT_VERSION) {
    return err({
      code: 'image-format',
      what: 'unsupported image format',
      why: `the image: format ${JSON.stringify(m.format)}; this program: format ${FORMAT_VERSION}`,
      next: 'build the image and the initramfs with the same version of mkma',
    });
  }
  const whole = { ...m, needs: m.needs ?? [], attributes: m.attributes ?? [] } as Record<string, unknown>;
  if (!isList(whole.needs, (word) => typeof word === 'string')) {
    return err(damaged('its manifest has no valid needs'));
  }
  const unknown = (whole.needs as string[]).filter((word) => !KNOWN_NEEDS.includes(word));
  if (unknown.length > 0) {
    return err({
      code: 'image-needs-newer-mkma',
      what: 'the image requires a newer mkma',
      why: `it was made by mkma ${String(m.mkma)} and requires ${unknown.join(', ')}, which this program does not support`,
      next: 'build the initramfs with a mkma at least as new as the image',
    });
  }
  const wrong = wrongField(whole);
  if (wrong !== undefined) return err(damaged(`its manifest has no valid ${wrong}`));
  return ok(whole as unknown as Manifest);
}

const TEXT_FIELDS = [
  'kind',
  'id',
  'name',
  'created',
  'mkma',
  'suite',
  'architecture',
  'kernelRelease',
] as const;

function wrongField(m: Record<string, unknown>): string | undefined {
  for (const key of TEXT_FIELDS) if (typeof m[key] !== 'string') return key;
  if (m.kind !== 'base' && m.kind !== 'layer') return 'kind';
  if (!isId(m.id)) return 'id';
  if (!isCount(m.unpackedBytes)) return 'unpackedBytes';
  if (!isCount(m.inodes, MOST_FILES)) return 'inodes';
  const { root } = m;
  if (!isObject(root) || !isCount(root.mode, 0o7777)) return 'root';
  if (!isCount(root.uid, MOST_ID) || !isCount(root.gid, MOST_ID)) return 'root';
  if (!isList(m.segments, isSegment) || (m.segments as unknown[]).length === 0) return 'segments';
  if (m.window !== undefined && !isCount(m.window)) return 'window';
  if (!isList(m.attributes, isFileAttributes)) return 'attributes';
  if (m.erofs !== undefined && !isErofsFacts(m)) return 'erofs';
  if (m.records !== undefined && !isRecords(m.records)) return 'records';
  if (m.kind !== 'layer')
    return m.packages === undefined || typeof m.packages === 'string' ? undefined : 'packages';
  return isLayerFacts(m.layer) && !(m.erofs !== undefined && hasMetadata(m.layer)) ? undefined : 'layer';
}

function hasMetadata(layer: unknown): boolean {
  return isObject(layer) && layer.metadata !== undefined;
}

function isErofsFacts({ erofs, segments }: Record<string, unknown>): boolean {
  if (!isObject(erofs) || (segments as unknown[]).length !== 1) return false;
  return typeof erofs.xxh64 === 'string' && /^[0-9a-f]{16}$/.test(erofs.xxh64);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: unknown, valid: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(valid);
}

/** The largest user or group id: the next one means "do not change" (chown(2)). */
const MOST_ID = 0xffff_fffe;

/** More files than any machine has in RAM; sums of it are still exact. */
const MOST_FILES = 2 ** 31;

function isCount(value: unknown, most = Number.MAX_SAFE_INTEGER): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most;
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

function isSegment(value: unknown): boolean {
  if (!isObject(value)) return false;
  if (!['size', 'bytes', 'frames'].every((key) => isCount(value[key]))) return false;
  if (!isCount(value.records, MOST_FILES)) return false;
  return typeof value.sha256 === 'string' && /^[0-9a-f]{64}$/.test(value.sha256);
}

/** A path below the root, in the codec of path.ts, which cannot escape it. */
function isBelowRoot(value: unknown): boolean {
  return typeof value === 'string' && isSafePath(value);
}

function isFileAttributes(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.values)) return false;
  if (value.path !== '.' && !isBelowRoot(value.path)) return false;
  return Object.entries(value.values).every(
    ([name, base64]) =>
      /^[a-z]+\.[^\0]+$/.test(name) &&
      !isOverlayMark(name) &&
      typeof base64 === 'string' &&
      /^[A-Za-z0-9+/]*={0,2}$/.test(base64),
  );
}

function isLayerFacts(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { base, after, deletions, emptied, opaque, metadata, merged, highest, identity, remake } = value;
  if (identity !== undefined && !isIdentityMark(identity)) return false;
  if (remake !== undefined && !isList(remake, (name) => typeof name === 'string')) return false;
  if (![base, after].every((id) => id === undefined || isId(id))) return false;
  if (![merged, highest].every((ids) => ids === undefined || isList(ids, isId))) return false;
  if (metadata !== undefined && !isList(metadata, isFileMetadata)) return false;
  if (emptied !== undefined && !isList(emptied, isBelowRoot)) return false;
  return isList(deletions, isBelowRoot) && isList(opaque, isBelowRoot);
}

function isFileMetadata(value: unknown): boolean {
  if (!isObject(value) || !isBelowRoot(value.path) || !isCount(value.mode, 0o7777)) return false;
  if (!isCount(value.uid, MOST_ID) || !isCount(value.gid, MOST_ID)) return false;
  if (!isCount(value.mtime, 0xffff_ffff) || !isCount(value.size) || value.size === 0) return false;
  return typeof value.sha256 === 'string' && /^[0-9a-f]{64}$/.test(value.sha256);
}
