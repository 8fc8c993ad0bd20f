/** Standard streams of programs: unnamed files, and the result of a program. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import { concatBytes } from '../../core/text/bytes.js';
import { decodeName, encodeName } from '../../core/text/path.js';
import { NoRoom } from '../no-room.js';
import { ThrownProblem } from '../thrown-problem.js';

/** Most bytes that are read as text. */
const MAX_TEXT = 2 ** 30;
/** Bytes per read. */
const PART = 2 ** 20;

/** Writes text or bytes; `false` if not all was written. */
export function put(file: std.File, content: string | Uint8Array): boolean {
  // The engine only supports UTF-8, and encodes it many times faster than the codec of path.ts.
  if (typeof content === 'string' && !/[\ud800-\udfff]/.test(content)) {
    file.puts(content);
    return !file.error();
  }
  const bytes = typeof content === 'string' ? encodeName(content) : content;
  return file.write(bytes.buffer, bytes.byteOffset, bytes.byteLength) === bytes.byteLength;
}

/** errno(3): no space left on the device. */
const NO_SPACE = 28;

/**
 * Folders for unnamed files if /tmp cannot be written, as on a root mounted read-only. Users other than root
 * can use the last.
 */
const OTHER_FOLDERS = ['/run', '/dev/shm'];

/** An empty unnamed file. */
function unnamed(): std.File {
  const error: { errno?: number } = {};
  const file = std.tmpfile(error);
  if (file !== null) return file;
  if (error.errno === NO_SPACE) throw new NoRoom('/tmp');
  for (const folder of OTHER_FOLDERS) {
    const path = `${folder}/.mkma-${os.getpid()}`;
    const fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600);
    if (fd < 0) continue;
    os.remove(path);
    const other = std.fdopen(fd, 'w+');
    if (other !== null) return other;
  }
  throw new ThrownProblem({
    code: 'no-temporary-file',
    what: 'cannot create a temporary file',
    where: '/tmp',
    why: std.strerror(error.errno ?? 0),
    next: 'check that /tmp exists and is writable: findmnt --target /tmp',
  });
}

/** An unnamed file, filled and rewound: a program's standard stream without the deadlocks of a pipe. */
export function scratch(content: string | Uint8Array = ''): std.File {
  const file = unnamed();
  if (content.length > 0) {
    const taken = put(file, content);
    file.flush();
    if (!taken || file.error()) throw new NoRoom('/tmp');
    file.seek(0, std.SEEK_SET);
  }
  return file;
}

/** All that was written to it; closes it. */
export function drain(file: std.File): string {
  file.seek(0, std.SEEK_SET);
  const text = readAll(file);
  file.close();
  return text;
}

/**
 * The content of a file, in the codec of path.ts. Its size is not asked for, since files in /proc report 0.
 */
export function readAll(file: std.File): string {
  const text = file.readAsString(MAX_TEXT);
  // The engine alters bytes that are not UTF-8, and decodes the rest much faster.
  if (!/[\ud800-\udfff\ufffd]/.test(text)) return text;
  file.seek(0, std.SEEK_SET);
  const parts: Uint8Array[] = [];
  for (let room = MAX_TEXT; room > 0; ) {
    const part = new Uint8Array(Math.min(room, PART));
    const count = file.read(part.buffer, 0, part.length);
    if (count <= 0) break;
    parts.push(part.subarray(0, count));
    room -= count;
  }
  return decodeName(concatBytes(parts));
}

/**
 * The standard error of a program that ended with this code; closes it. A failure without output may be a
 * lack of room for it: if not a byte fits, it is. Checked before anything else is closed, which would free
 * room.
 */
export function wordsOf(file: std.File, code: number): string {
  file.seek(0, std.SEEK_END);
  if (code === 0 || file.tell() > 0) return drain(file);
  file.puts(' ');
  file.flush();
  const full = file.error();
  file.close();
  if (full) throw new NoRoom('/tmp');
  return '';
}

/** A wait status as a shell's exit code (wait(2): low seven bits the signal, the next byte the code). */
export function exitCode(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}
