/** Pack a tree as an EROFS file system with a manifest behind it: mkfs.erofs of the built suite makes it. */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { DUMP_ARGUMENTS, type FileAttributes, parseAttributes } from '../../core/attributes.js';
import { FORMAT_VERSION } from '../../core/contract.js';
import { readSuperblock, SUPERBLOCK_END, type Superblock } from '../../core/erofs/superblock.js';
import { encodeHead, encodeManifest } from '../../core/image.js';
import type { BaseManifest } from '../../core/manifest.js';
import { encodeName } from '../../core/path.js';
import { err, ok, type Result } from '../../core/result.js';
import type { TreeEntry } from '../../core/tree.js';
import { imageId } from '../images.js';
import type { Command } from '../sys/command.js';
import { writeAll } from '../sys/files.js';
import { failure, Interrupted, run, runBytes, start } from '../sys/run.js';
import type { BaseFacts } from './image.js';

/** mkfs.erofs and xxhsum, as commands that run the built suite's own. */
export interface ErofsTools {
  readonly mkfs: (args: readonly string[]) => Command;
  readonly xxhsum: (args: readonly string[]) => Command;
}

export interface PackErofsOptions {
  readonly root: string;
  /** What is in there. */
  readonly entries: readonly TreeEntry[];
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
  const made = await makeFileSystem(options, sockets);
  if (!made.ok) return made;
  const superblock = markAsImage(target);
  if (superblock === undefined) throw new Error(`mkfs.erofs made no file system: ${target}`);
  const [sha256, xxh64, attributes] = await Promise.all([
    digest(target, signal),
    run(tools.xxhsum(['-q', '-H64', target]), { signal }),
    rootAttributes(root, signal),
  ]);
  if (!xxh64.ok) return xxh64;
  if (!attributes.ok) return attributes;
  const top = entries.find(({ path }) => path === '.');
  if (top === undefined) throw new Error('the tree has no root');
  const { size } = superblock;
  const found = {
    unpackedBytes: size,
    inodes: superblock.inodes,
    root: { mode: top.mode, uid: top.uid, gid: top.gid },
    segments: [{ size, bytes: size, frames: 0, records: entries.length - sockets.length, sha256 }],
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
/** So that the same tree gives the same bytes. */
const REPRODUCIBLE = ['-T0', '--mkfs-time'];
/** Milliseconds between two looks at how far it is. */
const POLL = 200;

async function makeFileSystem(options: PackErofsOptions, sockets: readonly string[]): Promise<Result<void>> {
  const { root, target, tools, level, latestMtime, signal, onProgress } = options;
  const epoch = latestMtime === undefined ? undefined : String(latestMtime);
  const plain = tools.mkfs([
    ...['--quiet', '-d1', `-zzstd,level=${level}`, ...LAYOUT, ...REPRODUCIBLE],
    ...['-U', uuidOf(options.entries)],
    ...sockets.map((path) => `--exclude-path=${path}`),
    ...[target, root],
  ]);
  // Times beyond it are cut down to it.
  const command = { ...plain, env: { ...plain.env, SOURCE_DATE_EPOCH: epoch } };
  const running = start(command, { signal });
  const timer = setInterval(() => onProgress?.(bytesRead(running.pid)), POLL);
  try {
    const ended = await running.ended;
    if (signal.aborted) throw new Interrupted();
    if (!ended.ok) return ended;
    return ended.value.exitCode === 0 ? ok() : err(failure(command, ended.value));
  } finally {
    clearInterval(timer);
  }
}

/**
 * A UUID out of what the tree is (RFC 9562, version 8). An overlay needs one to find a copied-up file's origin again: without,
 * hard links to files of the base would not be seen to be one (ovl_decode_real_fh in fs/overlayfs/namei.c).
 */
function uuidOf(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  for (const { path, type, mode, uid, gid, size, mtime } of entries) {
    hash.update(encodeName(`${type} ${mode} ${uid} ${gid} ${size} ${mtime} ${path}\0`));
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

/** Bytes that a program has read so far (proc_pid_io(5)); 0 where it has ended. */
function bytesRead(pid: number | undefined): number {
  try {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
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

/** Those of the root alone: what is below it, the file system carries itself. */
async function rootAttributes(root: string, signal: AbortSignal): Promise<Result<FileAttributes[]>> {
  const args = [...DUMP_ARGUMENTS.filter((word) => word !== '--recursive' && word !== '-R')];
  const dump = await runBytes({ file: 'getfattr', args, cwd: root, env: { LC_ALL: 'C' } }, { signal });
  return dump.ok ? ok(parseAttributes(dump.value)) : dump;
}
