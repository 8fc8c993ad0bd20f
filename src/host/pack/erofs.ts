/** Pack a tree as an EROFS file system with a manifest behind it: mkfs.erofs of the built suite makes it. */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, readSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  DUMP_ARGUMENTS,
  type FileAttributes,
  isOverlayMark,
  parseAttributes,
} from '../../core/archive/attributes.js';
import { fileTypeOf, type TreeEntry } from '../../core/archive/tree.js';
import { FORMAT_VERSION } from '../../core/contract.js';
import { readSuperblock, SUPERBLOCK_END, type Superblock } from '../../core/image/erofs/superblock.js';
import { encodeHead, encodeManifest } from '../../core/image/image.js';
import type { BaseManifest } from '../../core/image/manifest.js';
import { err, ok, type Result } from '../../core/result.js';
import { encodeName, quoteName } from '../../core/text/path.js';
import { imageId } from '../set/images.js';
import type { Command } from '../sys/command.js';
import { writeAll } from '../sys/files.js';
import { bytesReadBy } from '../sys/read-so-far.js';
import { failure, Interrupted, run, runBytes, start } from '../sys/run.js';
import { type PackingFailed, treeChanged } from './failed.js';
import type { BaseFacts } from './image.js';
import type { Excluded } from './kept-out.js';
import { readFileSystem } from './read.js';

/** mkfs.erofs and xxhsum, as commands that run the built suite's own. */
export interface ErofsTools {
  readonly mkfs: (args: readonly string[]) => Command;
  readonly xxhsum: (args: readonly string[]) => Command;
}

export interface PackErofsOptions {
  readonly root: string;
  /** What of it is packed. */
  readonly entries: readonly TreeEntry[];
  /** What is in there besides. */
  readonly excluded?: Excluded;
  /** Files that are packed without their content. */
  readonly emptied?: readonly string[];
  readonly facts: BaseFacts;
  readonly tools: ErofsTools;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Latest mtime that a file may have (SOURCE_DATE_EPOCH), in seconds. */
  readonly latestMtime?: number | undefined;
  /** The image file to make; must not exist. The caller publishes it. */
  readonly target: string;
  readonly signal: AbortSignal;
  /** Called with the bytes of files read so far; {@link contentBytes} is all. */
  readonly onProgress?: (bytes: number) => void;
}

/** Bytes of content in a tree, that of hard links once. */
export function contentBytes(entries: readonly TreeEntry[]): number {
  const files = entries.filter(({ type }) => type === 'f');
  return [...new Map(files.map(({ ino, size }) => [ino, size])).values()].reduce(
    (sum, size) => sum + size,
    0,
  );
}

/** Sockets that can be left out: those whose names can be given to a program. */
export function nameableSockets(entries: readonly TreeEntry[]): string[] {
  return entries
    .filter(({ type, path }) => type === 's' && !/[\udc80-\udcff]/.test(path))
    .map(({ path }) => path);
}

/** Make the image file. Resolves to its manifest. */
export async function packErofs(options: PackErofsOptions): Promise<Result<BaseManifest>> {
  const { root, entries, facts, target, tools, signal } = options;
  const sockets = nameableSockets(entries);
  const [made, attributes] = await Promise.all([
    makeFileSystem(options, sockets),
    attributesOf(root, signal),
  ]);
  if (!made.ok) return made;
  if (!attributes.ok) return attributes;
  const superblock = markAsImage(target);
  if (superblock === undefined) throw new Error(`mkfs.erofs made no file system: ${target}`);
  const same = checkSame(target, entries, new Set(sockets));
  if (!same.ok) return same;
  const [sha256, xxh64] = await Promise.all([
    digest(target, signal),
    run(tools.xxhsum(['-q', '-H64', target]), { signal }),
  ]);
  if (!xxh64.ok) return xxh64;
  const top = entries.find(({ path }) => path === '.');
  if (top === undefined) throw new Error('the tree has no root');
  const { size } = superblock;
  const found = {
    unpackedBytes: size,
    inodes: superblock.inodes,
    root: { mode: top.mode, uid: top.uid, gid: top.gid },
    segments: [{ size, bytes: size, frames: 0, records: same.value, sha256 }],
    attributes: attributes.value,
    erofs: { xxh64: xxh64.value.stdout.slice(0, 16) },
  };
  const manifest: BaseManifest = {
    ...{ format: FORMAT_VERSION, needs: ['erofs'], id: imageId({ ...facts, ...found }) },
    ...facts,
    ...found,
  };
  const out = openSync(target, 'r+');
  try {
    writeAll(out, encodeManifest(manifest), size);
  } finally {
    closeSync(out);
  }
  return ok(manifest);
}

/**
 * Out of a table of measurements (docs/performance.md): clusters of 64 KiB, in which zstd finds nearly all there is to find
 * and a page is still read quickly; ends of files beside their inodes. Fragments and dedupe save 6 % for three to five
 * times the work, and small files are read at half the speed.
 */
const LAYOUT = ['-C65536', '-Eztailpacking'];
/** So that the same tree gives the same bytes on every host: times, and blocks that do not follow the host's pages. */
const REPRODUCIBLE = ['-T0', '--mkfs-time', '-b4096'];
/**
 * mkfs.erofs would go into whatever is mounted in the tree meanwhile: it is shown the tree alone. $1: tree, $2: where to show it. $3: paths
 * of files that it is shown empty, each on a line; they have names of mkma's own choice.
 */
const ALONE = `set -e; tree=$1 view=$2 emptied=$3; shift 3
mount --bind "$tree" "$view"
for path in $emptied; do
  empty=$(mktemp "$view.XXXXXX")
  for copy in chown chmod touch; do $copy --reference="$view/$path" "$empty"; done
  mount --bind "$empty" "$view/$path"
done
exec "$@"`;
/** Milliseconds between two looks at how far it is. */
const POLL = 200;

async function makeFileSystem(options: PackErofsOptions, sockets: readonly string[]): Promise<Result<void>> {
  const { root, target, tools, level, latestMtime, signal, onProgress, excluded, emptied = [] } = options;
  const epoch = latestMtime === undefined ? undefined : String(latestMtime);
  const view = `${target}.tree`;
  mkdirSync(view);
  const plain = tools.mkfs([
    ...['--quiet', '-d1', `-zzstd,level=${level}`, ...LAYOUT, ...REPRODUCIBLE],
    ...['-U', uuidOf(options.entries, latestMtime)],
    ...[...sockets, ...(excluded?.paths ?? [])].map((path) => `--exclude-path=${path}`),
    ...(excluded?.patterns ?? []).map((pattern) => `--exclude-regex=${pattern}`),
    ...[target, view],
  ]);
  const args = ['-c', ALONE, 'sh', root, view, emptied.join('\n'), plain.file, ...plain.args];
  // Times beyond the epoch are cut down to it.
  const env = { ...plain.env, SOURCE_DATE_EPOCH: epoch };
  const command: Command = { ...plain, file: 'sh', args, env, isolated: true };
  const running = start(command, { signal });
  const timer = setInterval(() => onProgress?.(bytesReadBy(running.pid)), POLL);
  try {
    const ended = await running.ended;
    if (signal.aborted) throw new Interrupted();
    if (!ended.ok) return ended;
    return ended.value.exitCode === 0 ? ok() : err(failure(command, ended.value));
  } finally {
    clearInterval(timer);
    rmdirSync(view);
  }
}

/**
 * A UUID out of what the tree is (RFC 9562, version 8). An overlay needs one to find a copied-up file's origin again: without,
 * hard links to files of the base would not be seen to be one (ovl_decode_real_fh in fs/overlayfs/namei.c).
 */
export function uuidOf(entries: readonly TreeEntry[], latestMtime = Number.POSITIVE_INFINITY): string {
  const hash = createHash('sha256');
  for (const { path, type, mode, uid, gid, size, mtime, target } of entries) {
    // The size of anything but a file is the affair of the file system where it lies.
    const bytes = type === 'f' ? size : 0;
    const time = Math.min(mtime, latestMtime);
    hash.update(encodeName(`${type} ${mode} ${uid} ${gid} ${bytes} ${time} ${path}\0${target}\0`));
  }
  const hex = hash.digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Whether the file system holds what the tree had before: nobody may write into it meanwhile. Resolves to how many names it has. */
function checkSame(target: string, entries: readonly TreeEntry[], left: ReadonlySet<string>): Result<number> {
  const missing = new Map(entries.filter(({ path }) => !left.has(path)).map((entry) => [entry.path, entry]));
  let changed: PackingFailed | undefined;
  let records = 0;
  const read = readFileSystem(target, {
    want: () => false,
    onRecord: ({ path, mode, size }) => {
      records++;
      const entry = missing.get(path);
      missing.delete(path);
      if (entry === undefined) changed ??= treeChanged(path, 'it was not there before');
      else if (fileTypeOf(mode) !== entry.type) changed ??= treeChanged(path, 'it is of another kind now');
      else if (entry.type === 'f' && size !== entry.size) {
        changed ??= treeChanged(path, `it had ${entry.size} bytes, then ${size}`);
      }
    },
  });
  if (!read.ok) return read;
  const [gone] = missing.keys();
  if (gone !== undefined) changed ??= treeChanged(gone, 'it is gone');
  return changed === undefined ? ok(records) : err(changed.problem);
}

/** Put the head into the part of the file system that is free for others, and read its superblock. */
function markAsImage(target: string): Superblock | undefined {
  const out = openSync(target, 'r+');
  try {
    writeAll(out, encodeHead(), 0);
    const begin = Buffer.alloc(SUPERBLOCK_END);
    return readSuperblock(begin.subarray(0, readSync(out, begin, 0, begin.length, 0)));
  } finally {
    closeSync(out);
  }
}

async function digest(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20, signal }))
      hash.update(piece as Buffer);
  } catch (cause) {
    if (signal.aborted) throw new Interrupted();
    throw cause;
  }
  return hash.digest('hex');
}

/**
 * Those of the root alone: what is below it, the file system carries itself. Marks of an overlay would be obeyed by the one that
 * the base becomes a part of, and mkfs.erofs cannot leave them out: refused.
 */
async function attributesOf(root: string, signal: AbortSignal): Promise<Result<FileAttributes[]>> {
  const dump = await runBytes(
    { file: 'getfattr', args: [...DUMP_ARGUMENTS], cwd: root, env: { LC_ALL: 'C' } },
    { signal },
  );
  if (!dump.ok) return dump;
  const [marked] = parseAttributes(dump.value, isOverlayMark);
  if (marked === undefined) return ok(parseAttributes(dump.value).filter(({ path }) => path === '.'));
  const name = Object.keys(marked.values)[0] ?? '';
  return err({
    code: 'overlay-mark',
    what: 'cannot pack the tree as EROFS',
    where: join(root, quoteName(marked.path)),
    why: `it has the attribute ${name}: the mark of an overlay, which the machine's own would obey`,
    next: `remove it (setfattr --remove=${name}), or use --format cpio, which leaves such marks out`,
  });
}
