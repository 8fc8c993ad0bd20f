/** What an image says of itself: the JSON inside its manifest frame (image.ts, docs/image-format.md). */
import { FORMAT_VERSION } from './contract.js';
import { err, ok, type Result } from './result.js';

/** A part of the payload that can be decompressed and unpacked by itself. */
export interface Segment {
  /** Compressed bytes in the file; segments follow each other from offset 0. */
  readonly size: number;
  /** Bytes of the archive it decompresses to. */
  readonly bytes: number;
  /** zstd frames it consists of. */
  readonly frames: number;
  /** Archive records in it, without the trailer. */
  readonly records: number;
  /** SHA-256 of its compressed bytes, in hexadecimal. */
  readonly sha256: string;
}

export interface Manifest {
  readonly format: typeof FORMAT_VERSION;
  readonly kind: 'base';
  /** `sha256:` and the digest over the segments' digests in order: names the payload. */
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
  /** `uname -r` of the kernel whose modules are inside. */
  readonly kernelRelease: string;
  /** Bytes of RAM its files take on a tmpfs: each rounded up to whole pages. */
  readonly unpackedBytes: number;
  /** Inodes it takes. */
  readonly inodes: number;
  /** The tree's root, which an unpacker finds in place and may leave as it is. */
  readonly root: RootFacts;
  readonly segments: readonly Segment[];
}

export interface RootFacts {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Parse and check a manifest's JSON. One of another format version is refused, naming both versions. */
export function parseManifest(json: string): Result<Manifest> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return err({
      what: 'the image is damaged',
      why: 'its manifest is no JSON',
      next: 'copy or build it again',
    });
  }
  const m = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (m.format !== FORMAT_VERSION) {
    return err({
      what: 'the image has another format than this mkma reads',
      why: `the image: format ${JSON.stringify(m.format)}; this program: format ${FORMAT_VERSION}`,
      next: 'build the image and the initramfs with the same version of mkma',
    });
  }
  const wrong = wrongField(m);
  if (wrong !== undefined) {
    return err({
      what: 'the image is damaged',
      why: `its manifest has no valid ${wrong}`,
      next: 'copy or build it again',
    });
  }
  return ok(value as Manifest);
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
  if (m.kind !== 'base') return 'kind';
  if (!/^sha256:[0-9a-f]{64}$/.test(m.id as string)) return 'id';
  for (const key of ['unpackedBytes', 'inodes']) if (!isCount(m[key])) return key;
  const root = m.root;
  if (typeof root !== 'object' || root === null) return 'root';
  if (!['mode', 'uid', 'gid'].every((key) => isCount((root as Record<string, unknown>)[key]))) return 'root';
  const segments = m.segments;
  if (!Array.isArray(segments) || segments.length === 0) return 'segments';
  return segments.every(isSegment) ? undefined : 'segments';
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isSegment(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const s = value as Record<string, unknown>;
  if (!['size', 'bytes', 'frames', 'records'].every((key) => isCount(s[key]))) return false;
  return typeof s.sha256 === 'string' && /^[0-9a-f]{64}$/.test(s.sha256);
}
