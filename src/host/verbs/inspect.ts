/** `mkma inspect`: what an image is and contains. */
import { statSync } from 'node:fs';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../core/archive/cpio.js';
import type { ArchiveRecord } from '../../core/archive/parser.js';
import {
  type InitramfsBytes,
  type InitramfsManifest,
  initramfsPart,
  parseInitramfsManifest,
} from '../../core/boot/initramfs.js';
import type { ImageInfo } from '../../core/image/image.js';
import { isErofs, type Manifest } from '../../core/image/manifest.js';
import { count } from '../../core/layers/show.js';
import { type Records, recordFiles } from '../../core/records/records.js';
import { ok, type Result } from '../../core/result.js';
import { decodeName, quoteName } from '../../core/text/path.js';
import { formatBytes } from '../../core/text/size.js';
import type { Context } from '../context.js';
import { isInitramfsManifest } from '../pack/initramfs-manifest.js';
import { verifyImage } from '../pack/verify.js';
import { readImage } from '../set/images.js';

export interface InspectOptions {
  readonly file: string;
  /** List every record. */
  readonly files: boolean;
}

export interface Inspection {
  readonly file: string;
  readonly size: number;
  /** `base`, `layer`, `initramfs`, or an archive or a file system not made by mkma. */
  readonly kind: 'base' | 'layer' | 'initramfs' | 'archive' | 'erofs';
  /** The manifest; for an initramfs, the facts that it contains. */
  readonly manifest?: Manifest | InitramfsManifest;
  readonly counts: Readonly<Record<'files' | 'directories' | 'symlinks' | 'others', number>>;
  /** Bytes of all files' content. */
  readonly contentBytes: number;
  /** For an initramfs: the same by part. */
  readonly parts?: InitramfsBytes;
  /** Bytes of content below each top folder, largest first. */
  readonly largest: readonly { readonly path: string; readonly bytes: number }[];
  readonly entries?: readonly string[];
  readonly lines: readonly string[];
}

/** Reads the whole file: verifies the manifest's digests and, in an archive, every frame's own checksum. */
export async function inspect(options: InspectOptions, context: Context): Promise<Result<Inspection>> {
  const { file } = options;
  const info = readImage(file);
  if (!info.ok) return info;
  const tally = new Tally(options.files);
  const reader = {
    want: isInitramfsManifest,
    onRecord: (record: ArchiveRecord) => tally.add(record),
  };
  const verified = await verifyImage(file, info.value, reader, context.signal);
  if (!verified.ok) return verified;
  return ok(report(options, tally, info.value));
}

class Tally {
  contentBytes = 0;
  readonly parts = { tools: 0, modules: 0 };
  inside?: InitramfsManifest;
  readonly counts = { files: 0, directories: 0, symlinks: 0, others: 0 };
  readonly folders = new Map<string, number>();
  readonly entries: string[] = [];

  constructor(private readonly list: boolean) {}

  add(record: ArchiveRecord): void {
    const type = record.mode & S_IFMT;
    if (type === S_IFREG) this.counts.files++;
    else if (type === S_IFDIR) this.counts.directories++;
    else if (type === S_IFLNK) this.counts.symlinks++;
    else this.counts.others++;
    if (type === S_IFREG) {
      this.contentBytes += record.size;
      this.parts[initramfsPart(record.path)] += record.size;
      const parts = record.path.split('/');
      const folder = parts.length < 2 ? '.' : parts.slice(0, Math.min(2, parts.length - 1)).join('/');
      this.folders.set(folder, (this.folders.get(folder) ?? 0) + record.size);
    }
    if (record.data !== undefined) {
      const inside = parseInitramfsManifest(decodeName(record.data));
      // Not made by mkma, or of another version: the archive then counts as any archive.
      if (inside.ok) this.inside = inside.value;
    }
    if (this.list) this.entries.push(listLine(record));
  }
}

function listLine(record: ArchiveRecord): string {
  const mode = record.mode.toString(8).padStart(6, '0');
  return `${mode} ${record.uid}:${record.gid} ${String(record.size).padStart(10)} ${quoteName(record.path)}`;
}

/** What other tools do not unpack. */
function metadataLines(manifest: Manifest | undefined): string[] {
  const { length } = manifest?.kind === 'layer' ? (manifest.layer.metadata ?? []) : [];
  return length === 0
    ? []
    : [
        `  metadata    of ${count(length, 'more file')} without content: applied by early boot, not by other tools`,
      ];
}

function report(options: InspectOptions, tally: Tally, info: ImageInfo): Inspection {
  const size = statSync(options.file).size;
  const manifest = info.manifest ?? tally.inside;
  const other = info.format === 'erofs' ? 'erofs' : 'archive';
  const kind = info.manifest?.kind ?? (tally.inside !== undefined ? 'initramfs' : other);
  const largest = [...tally.folders]
    .map(([path, bytes]) => ({ path, bytes }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 10);
  const { counts, contentBytes, parts } = tally;
  const descriptions: Record<Inspection['kind'], string> = {
    base: 'an mkma base, verified',
    layer: 'an mkma layer, verified',
    initramfs: 'an mkma initramfs',
    archive: 'an archive without a manifest, unverified',
    erofs: 'an EROFS file system without a manifest, unverified',
  };
  const lines = [
    `${options.file}: ${descriptions[kind]}`,
    ...(manifest === undefined ? [] : manifestLines(manifest)),
    `  size        ${formatBytes(size)}, ${formatBytes(contentBytes)} unpacked`,
    ...(kind === 'initramfs'
      ? [`  of these    tools ${formatBytes(parts.tools)}, kernel modules ${formatBytes(parts.modules)}`]
      : []),
    `  contains    ${counts.files} files, ${counts.directories} folders, ${counts.symlinks} symlinks, ${counts.others} others`,
    ...metadataLines(info.manifest),
    '  largest     ',
    ...largest.map(({ path, bytes }) => `    ${formatBytes(bytes).padStart(9)}  /${quoteName(path)}`),
    ...(options.files ? ['', ...tally.entries] : []),
  ];
  return {
    file: options.file,
    size,
    kind,
    ...(manifest === undefined ? {} : { manifest }),
    counts,
    contentBytes,
    ...(kind === 'initramfs' ? { parts } : {}),
    largest,
    ...(options.files ? { entries: tally.entries } : {}),
    lines: lines.map((line) => line.trimEnd()),
  };
}

function formLine(manifest: Manifest): string {
  return isErofs(manifest)
    ? '  type        EROFS file system'
    : `  type        archive, ${manifest.segments.length} segments`;
}

/** Which accounts and package records it has. */
function recordsLine(records: Records): string[] {
  const files = recordFiles(records);
  return files.length === 0 ? [] : [`  records     ${files.join(', ')}`];
}

/** The manifest's plain facts, one a line. */
function manifestLines(manifest: Manifest | InitramfsManifest): string[] {
  const lines: string[] = [];
  for (const [key, value] of Object.entries(manifest)) {
    if (key === 'unpackedBytes') lines.push(`  RAM         ${formatBytes(value)}`);
    else if (key === 'segments') lines.push(formLine(manifest as Manifest));
    else if (key === 'records') lines.push(...recordsLine(value as Records));
    else if (typeof value === 'string') lines.push(`  ${key.padEnd(11)} ${quoteName(value)}`);
    else if (key === 'xino') lines.push('  xino        off: several device numbers');
    else if (typeof value === 'number') lines.push(`  ${key.padEnd(11)} ${value}`);
  }
  return lines;
}
