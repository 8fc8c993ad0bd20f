/** Packs a tree as an EROFS file system, followed by a manifest, with the built suite's mkfs.erofs. */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, readSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  DUMP_ARGUMENTS,
  type FileAttributes,
  isOverlayMark,
  parseAttributes,
} from '../../core/archive/attributes.js';
import type { DeviceNode } from '../../core/archive/device-nodes.js';
import { fileTypeOf, type TreeEntry } from '../../core/archive/tree.js';
import { FORMAT_VERSION } from '../../core/contract.js';
import { readSuperblock, SUPERBLOCK_END, type Superblock } from '../../core/image/erofs/superblock.js';
import { turnNodes } from '../../core/image/erofs/turn-nodes.js';
import { encodeHead, encodeManifest } from '../../core/image/image.js';
import type { BaseManifest } from '../../core/image/manifest.js';
import { err, ok, type Result } from '../../core/result.js';
import { encodeName, quoteName } from '../../core/text/path.js';
import { imageId } from '../set/images.js';
import type { Command } from '../sys/command.js';
import { writeAll } from '../sys/files.js';
import { bytesReadBy } from '../sys/read-so-far.js';
import { failure, Interrupted, run, runBytes, start } from '../sys/run.js';
import { refuseNamespaced } from './attributes.js';
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
  /** Its other content. */
  readonly excluded?: Excluded;
  /** Files packed without their content. */
  readonly emptied?: readonly string[];
  /** Device nodes among the entries that are not on disk. */
  readonly absent?: readonly DeviceNode[];
  readonly facts: BaseFacts;
  readonly tools: ErofsTools;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Latest mtime that a file may have (SOURCE_DATE_EPOCH), in seconds. */
  readonly latestMtime?: number | undefined;
  /** The image file to create; must not exist. The caller publishes it. */
  readonly target: string;
  readonly signal: AbortSignal;
  /** Called with the bytes of files read so far, up to {@link contentBytes}. */
  readonly onProgress?: (bytes: number) => void;
}

/** Bytes of content in a tree, hard links counted once. */
export function contentBytes(entries: readonly TreeEntry[]): number {
  const files = entries.filter(({ type }) => type === 'f');
  return [...new Map(files.map(({ ino, size }) => [ino, size])).values()].reduce(
    (sum, size) => sum + size,
    0,
  );
}

/** Sockets that can be left out: those whose names can be passed to a program. */
export function nameableSockets(entries: readonly TreeEntry[]): string[] {
  return entries
    .filter(({ type, path }) => type === 's' && !/[\udc80-\udcff]/.test(path))
    .map(({ path }) => path);
}

/** Creates the image file. Resolves to its manifest. */
export async function packErofs(options: PackErofsOptions): Promise<Result<BaseManifest>> {
  const { root, entries, facts, target, tools, signal } = options;
  const sockets = nameableSockets(entries);
  const [made, attributes] = await Promise.all([
    makeFileSystem(options, sockets),
    attributesOf(root, signal),
  ]);
  if (!made.ok) return made;
  if (!attributes.ok) return attributes;
  makeNodes(target, options.absent ?? []);
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
 * From measurements (docs/performance.md): clusters of 64 KiB compress nearly as well as larger ones, and a
 * page is still read quickly; ends of files are beside their inodes. Fragments and dedupe save 6 % for three
 * to five times the work, and small files are then read at half the speed.
 */
const LAYOUT = ['-C65536', '-Eztailpacking'];
/**
 * Makes the same tree give the same bytes on every host: fixed times, and blocks independent of the host's
 * page size.
 */
const REPRODUCIBLE = ['-T0', '--mkfs-time', '-b4096'];
/**
 * mkfs.erofs would descend into whatever is mounted in the tree meanwhile: it gets a view of the tree without
 * mounts. $1: tree, $2: place of the view, $3: paths of files that are empty in the view, one a line, $4:
 * nodes that the tree lacks, each with mode, owner and time. Their names are mkma's own choice.
 */
const ALONE = `set -e; tree=$1 view=$2 emptied=$3 nodes=$4; shift 4
mount --bind "$tree" "$view"
# Device nodes that the tree lacks are FIFOs in the view: anybody may make those.
if [ -n "$nodes" ]; then
  for parent in $(printf '%s\\n' "$nodes" | sed 's|/[^/]* .*||' | sort -u); do
    copy=$(mktemp -d "$view.XXXXXX")
    cp -a "$view/$parent/." "$copy"
    printf '%s\\n' "$nodes" | while read -r path mode owner mtime; do
      if [ "\${path%/*}" != "$parent" ]; then continue; fi
      mkfifo "$copy/\${path##*/}"
      chown "$owner" "$copy/\${path##*/}"
      chmod "$mode" "$copy/\${path##*/}"
      touch -d "@$mtime" "$copy/\${path##*/}"
    done
    touch -r "$view/$parent" "$copy"
    mount --bind "$copy" "$view/$parent"
  done
fi
for path in $emptied; do
  empty=$(mktemp "$view.XXXXXX")
  for copy in chown chmod touch; do $copy --reference="$view/$path" "$empty"; done
  mount --bind "$empty" "$view/$path"
done
exec "$@"`;
/** Milliseconds between two progress reports. */
const POLL = 200;

async function makeFileSystem(options: PackErofsOptions, sockets: readonly string[]): Promise<Result<void>> {
  const { root, target, tools, level, latestMtime, signal, onProgress, excluded } = options;
  const { emptied = [], absent = [] } = options;
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
  const args = [
    '-c',
    ALONE,
    'sh',
    root,
    view,
    emptied.join('\n'),
    nodeLines(absent),
    plain.file,
    ...plain.args,
  ];
  // Later times are clamped to the epoch given.
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
 * A UUID derived from the tree (RFC 9562, version 8). An overlay needs one to find the origin of a copied-up
 * file: without it, hard links to files of the base would not be recognized as one file (ovl_decode_real_fh
 * in fs/overlayfs/namei.c).
 */
export function uuidOf(entries: readonly TreeEntry[], latestMtime = Number.POSITIVE_INFINITY): string {
  const hash = createHash('sha256');
  for (const { path, type, mode, uid, gid, size, mtime, target } of entries) {
    // The size of anything but a file depends on its file system.
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

/**
 * Checks that the file system has what the tree had before: nobody may write into it meanwhile. Resolves to
 * the number of names.
 */
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
      if (entry === undefined) changed ??= treeChanged(path, 'it is new');
      else if (fileTypeOf(mode) !== entry.type) changed ??= treeChanged(path, 'its type changed');
      else if (entry.type === 'f' && size !== entry.size) {
        changed ??= treeChanged(path, `its size changed from ${entry.size} to ${size} bytes`);
      }
    },
  });
  if (!read.ok) return read;
  const [gone] = missing.keys();
  if (gone !== undefined) changed ??= treeChanged(gone, 'it was removed');
  return changed === undefined ? ok(records) : err(changed.problem);
}

function nodeLines(nodes: readonly DeviceNode[]): string {
  return nodes
    .map(({ path, mode, uid, gid, mtime }) => `${path} ${mode.toString(8)} ${uid}:${gid} ${mtime}`)
    .join('\n');
}

/** Turns the FIFOs in place of device nodes into these. */
function makeNodes(target: string, nodes: readonly DeviceNode[]): void {
  if (nodes.length === 0) return;
  const file = openSync(target, 'r+');
  try {
    const read = (offset: number, length: number): Uint8Array => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
    };
    for (const { at, bytes } of turnNodes(read, nodes)) writeAll(file, bytes, at);
  } finally {
    closeSync(file);
  }
}

/** Writes the header into the unused part of the file system, and reads its superblock. */
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
 * Those of the root only: the file system stores the others. The machine's overlay would obey overlay marks
 * in its base, and mkfs.erofs cannot leave them out: they are refused.
 */
async function attributesOf(root: string, signal: AbortSignal): Promise<Result<FileAttributes[]>> {
  const dump = await runBytes(
    { file: 'getfattr', args: [...DUMP_ARGUMENTS], cwd: root, env: { LC_ALL: 'C' } },
    { signal },
  );
  if (!dump.ok) return dump;
  const [marked] = parseAttributes(dump.value, isOverlayMark);
  if (marked === undefined) {
    const carried = parseAttributes(dump.value);
    const foreign = refuseNamespaced(root, carried);
    return foreign.ok ? ok(carried.filter(({ path }) => path === '.')) : foreign;
  }
  const name = Object.keys(marked.values)[0] ?? '';
  return err({
    code: 'overlay-mark',
    what: 'cannot pack the tree as EROFS',
    where: join(root, quoteName(marked.path)),
    why: `it has the attribute ${name}: an overlay mark, on which the machine's overlay would act`,
    next: `remove it (setfattr --remove=${name}), or use --format cpio, which leaves such marks out`,
  });
}
