/** The file system with menu and images, made at its offset of a file or device from a stream: no mount. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { err, ok, type Result } from '../../core/result.js';
import type { Command } from '../sys/command.js';
import { failure, Interrupted, start } from '../sys/run.js';
import { inodesFor, JOURNAL, MIB, type Part } from './layout.js';
import type { MediumTools } from './programs.js';
import type { SetFile } from './source.js';
import { TAR_END, tarHeader, tarPadding } from './tar.js';
import type { TreeEntry } from './tree.js';

/**
 * All features, whatever defaults the host or the suite has: each is read by GRUB 2.12 (grub-core/fs/ext2.c)
 * and mounted by kernels since 6.1. Left out: orphan_file (6.1 has it, e2fsprogs before 1.47 not),
 * metadata_csum_seed, and what a medium of a few large files does not use.
 */
const FEATURES: readonly string[] = [
  ...['has_journal', 'ext_attr', 'dir_index', 'filetype', 'extent', '64bit', 'flex_bg', 'sparse_super'],
  ...['large_file', 'huge_file', 'dir_nlink', 'extra_isize', 'metadata_csum'],
];

/** In place of the host's mke2fs.conf(5): sections without content, since mke2fs warns of missing ones. */
const CONFIG = `[defaults]\n[fs_types]\n${['ext4', 'small', 'default', 'big', 'huge'].map((type) => `\t${type} = {\n\t}\n`).join('')}`;

export interface Ext4Request {
  /** The file or device. */
  readonly target: string;
  readonly part: Part;
  readonly uuid: string;
  /** Of hashed folders, a UUID. */
  readonly hashSeed: string;
  readonly label: string;
  /** The time of everything in it, in seconds since the epoch. */
  readonly epoch: number;
  readonly scratch: string;
}

/** Makes the file system, of the tar archive on standard input (mke2fs(8)). */
function mke2fsCommand({ programs }: MediumTools, request: Ext4Request): Command {
  const { target, part, uuid, hashSeed, label, epoch, scratch } = request;
  const config = join(scratch, 'mke2fs.conf');
  writeFileSync(config, CONFIG);
  const extended = [
    `offset=${part.start}`,
    ...['nodiscard', 'root_owner=0:0', 'lazy_itable_init=0', 'lazy_journal_init=0'],
    `hash_seed=${hashSeed}`,
  ];
  const args = [
    ...['-F', '-q', '-t', 'ext4', '-b', '4096', '-I', '256', '-N', String(inodesFor(part.bytes)), '-m', '0'],
    ...['-J', `size=${JOURNAL / MIB}`, '-L', label, '-U', uuid, '-O', `none,${FEATURES.join()}`],
    ...['-E', extended.join(), '-d', '-', target, `${part.bytes / 1024}k`],
  ];
  return {
    ...programs.mke2fs(args),
    env: { MKE2FS_CONFIG: config, SOURCE_DATE_EPOCH: String(epoch), TZ: 'UTC' },
  };
}

export interface Streaming {
  readonly signal: AbortSignal;
  /** The digests that the files had when the medium was planned. */
  readonly digests: ReadonlyMap<string, string>;
  readonly onBytes: (bytes: number) => void;
  /** Called between pieces: waits until the medium has taken what was written. */
  readonly pace: () => Promise<void>;
}

/** Makes it with these entries. Fails where a file is not what it was when planned. */
export async function makeExt4(
  tools: MediumTools,
  request: Ext4Request,
  entries: readonly TreeEntry[],
  streaming: Streaming,
): Promise<Result<void>> {
  const command = mke2fsCommand(tools, request);
  const running = start(command, { stdin: 'pipe', signal: streaming.signal });
  const input = running.stdin;
  // Where it ends early, its own message says why.
  input?.on('error', () => undefined);
  const ended = running.ended;
  let streamed: Result<void> | undefined;
  try {
    streamed = input === null ? ok() : await stream(input, entries, request.epoch, streaming);
  } finally {
    if (streamed?.ok === true) input?.end();
    else running.kill();
    await ended;
  }
  if (streaming.signal.aborted) throw new Interrupted();
  if (!streamed.ok) return streamed;
  const finished = await ended;
  if (!finished.ok) return finished;
  return finished.value.exitCode === 0 ? ok() : err(failure(command, finished.value));
}

async function stream(
  input: Writable,
  entries: readonly TreeEntry[],
  mtime: number,
  streaming: Streaming,
): Promise<Result<void>> {
  for (const entry of entries) {
    if ('folder' in entry) await write(input, tarHeader({ path: entry.path, mode: 0o755, mtime }));
    else if ('text' in entry) {
      const content = Buffer.from(entry.text);
      await write(input, tarHeader({ path: entry.path, mode: 0o644, mtime, bytes: content.length }));
      await write(input, Buffer.concat([content, tarPadding(content.length)]));
    } else {
      const sent = await streamFile(input, entry.path, entry.file, mtime, streaming);
      if (!sent.ok) return sent;
    }
  }
  await write(input, TAR_END);
  return ok();
}

async function streamFile(
  input: Writable,
  path: string,
  { from, bytes, mode }: SetFile,
  mtime: number,
  { signal, digests, onBytes, pace }: Streaming,
): Promise<Result<void>> {
  await write(input, tarHeader({ path, mode, mtime, bytes }));
  const hash = createHash('sha256');
  let sent = 0;
  try {
    for await (const piece of createReadStream(from, { highWaterMark: MIB, signal })) {
      hash.update(piece as Buffer);
      sent += (piece as Buffer).length;
      if (sent > bytes) break;
      await write(input, piece as Buffer);
      onBytes((piece as Buffer).length);
      await pace();
    }
  } catch (cause) {
    if (signal.aborted) throw new Interrupted();
    throw cause;
  }
  if (sent !== bytes || hash.digest('hex') !== digests.get(from)) return err(changed(from));
  await write(input, tarPadding(bytes));
  return ok();
}

function changed(file: string) {
  return {
    code: 'images-changed',
    what: 'the images changed while they were being copied',
    where: file,
    next: 'wait for the build that writes them to end, then try again',
  } as const;
}

/** Writes, and waits while the reader is behind; a reader that has gone is no reason to wait. */
async function write(input: Writable, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0 || input.destroyed || input.write(bytes)) return;
  if (input.destroyed) return;
  const stop = new AbortController();
  const { signal } = stop;
  await Promise.race([once(input, 'drain', { signal }), once(input, 'close', { signal })]).catch(
    () => undefined,
  );
  stop.abort();
}
