/** Files, read and written by the engine itself. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { FileInfo, FileKind } from '../system.js';
import { put, readAll } from './streams.js';

/** In the codec of path.ts. Not `std.loadFile`: it asks for the size first, and files in /proc report 0. */
export function readText(path: string): string | undefined {
  const file = std.open(path, 'r');
  if (file === null) return undefined;
  const text = readAll(file);
  file.close();
  return text;
}

export function readAt(path: string, offset: number, length: number): Uint8Array | undefined {
  const file = std.open(path, 'r');
  if (file === null) return undefined;
  const bytes = new Uint8Array(length);
  file.seek(offset, std.SEEK_SET);
  const count = file.read(bytes.buffer, 0, length);
  file.close();
  return bytes.subarray(0, count);
}

export function write(path: string, content: string | Uint8Array): boolean {
  const file = std.open(path, 'w');
  if (file === null) return false;
  const taken = content.length === 0 || put(file, content);
  return file.close() === 0 && taken;
}

export function info(path: string): FileInfo | undefined {
  const [stat] = os.stat(path);
  if (stat === null) return undefined;
  const { mode, uid, gid, size } = stat;
  return { kind: kindOf(mode & os.S_IFMT), mode: mode & 0o7777, uid, gid, size };
}

function kindOf(type: number): FileKind {
  if (type === os.S_IFREG) return 'file';
  if (type === os.S_IFDIR) return 'directory';
  return type === os.S_IFBLK ? 'block' : 'other';
}

/** errno(3): the file exists. */
const EXISTS = 17;

export function makeFolder(path: string, mode = 0o700): string | undefined {
  const made = os.mkdir(path, mode);
  if (made === 0) return undefined;
  // A link, even to a folder, does not count as an existing folder.
  const [there] = made === -EXISTS ? os.lstat(path) : [null];
  return there !== null && (there.mode & os.S_IFMT) === os.S_IFDIR ? undefined : std.strerror(-made);
}

export function link(target: string, path: string): string | undefined {
  if (os.readlink(path)[1] === 0) os.remove(path);
  const made = os.symlink(target, path);
  return made === 0 ? undefined : std.strerror(-made);
}

export function makeFile(path: string): string | undefined {
  os.remove(path);
  const fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600);
  if (fd < 0) return std.strerror(-fd);
  os.close(fd);
  return undefined;
}

export function moveOnto(from: string, to: string): string | undefined {
  const [source, target] = [os.open(from, os.O_RDONLY), os.open(to, os.O_WRONLY | os.O_APPEND)];
  const problem = source < 0 ? -source : target < 0 ? -target : copyAll(source, target);
  for (const fd of [source, target]) if (fd >= 0) os.close(fd);
  if (problem !== 0) return std.strerror(problem);
  const removed = os.remove(from);
  return removed === 0 ? undefined : std.strerror(-removed);
}

/** Copies all bytes from one file to another; returns an errno, or 0. */
function copyAll(source: number, target: number): number {
  const { buffer } = new Uint8Array(COPY);
  for (;;) {
    const count = os.read(source, buffer, 0, COPY);
    if (count <= 0) return -count;
    for (let at = 0; at < count; ) {
      const taken = os.write(target, buffer, at, count - at);
      if (taken < 0) return -taken;
      at += taken;
    }
  }
}

/** Bytes per copy. */
const COPY = 2 ** 20;
