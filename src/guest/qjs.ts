/** The machine on QuickJS: the only file that imports its modules. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import { decodeName, encodeName } from '../core/path.js';
import type {
  FileInfo,
  FileKind,
  Finished,
  Machine,
  PartResult,
  Pipeline,
  RunningMachine,
  RunOptions,
} from './machine.js';
import type { Terminal } from './terminal.js';

/** Most bytes of a small file, or of a program's output, that are read. */
const MAX_TEXT = 16 * 2 ** 20;
const MAX_OUTPUT = 2 ** 30;

/** The machine that QuickJS runs on. */
export function quickjsMachine(): Machine {
  // What programs say is read, and names are bytes to them: a LANG= on the kernel command line is an environment variable.
  std.setenv('LC_ALL', 'C');
  return {
    run,
    pipelines,
    readText,
    readAt,
    write,
    info,
    readlink(path) {
      const [target, errno] = os.readlink(path);
      return errno === 0 ? target : undefined;
    },
    list(path) {
      const [names, errno] = os.readdir(path);
      return errno === 0 ? names.filter((name) => name !== '.' && name !== '..').sort() : undefined;
    },
    uptime: () => Number.parseFloat(readText('/proc/uptime') ?? '0'),
    sleep(milliseconds) {
      os.sleep(milliseconds);
    },
    print,
    // cttyhack opens the console in use as the controlling terminal, which gives job control and Ctrl-C.
    shell() {
      os.exec(['setsid', 'cttyhack', 'sh'], { block: true, cwd: '/' });
    },
  };
}

/** The running machine. */
export function runningMachine(): RunningMachine {
  return {
    ...quickjsMachine(),
    rename: (from, to) => os.rename(from, to) === 0,
    lock,
    readFrom,
    environment: (name) => std.getenv(name) || undefined,
    converse(argv) {
      const status = os.exec([...argv], { block: true });
      return status < 0 ? 128 - status : status;
    },
    outliveInterrupts() {
      // While the logic runs, the engine calls no handler: Ctrl-C is seen by what it does to a program that only waits for it.
      const nothing = scratch();
      const argv = ['setpriv', '--pdeathsig', 'KILL', 'sleep', 'infinity'];
      const [stdin, stdout, stderr] = [nothing.fileno(), nothing.fileno(), nothing.fileno()];
      canary = os.exec(argv, { block: false, stdin, stdout, stderr });
      nothing.close();
      os.signal(os.SIGINT, () => undefined);
    },
    interrupted() {
      if (canary !== undefined) {
        const [pid, status] = os.waitpid(canary, os.WNOHANG);
        if (pid === canary) canaryEnded(status);
      }
      return interrupted;
    },
    now: () => Date.now(),
  };
}

/** The program that waits for Ctrl-C, and whether that came. */
let canary: number | undefined;
let interrupted = false;

function canaryEnded(status: number): void {
  canary = undefined;
  interrupted = exitCode(status) === 128 + os.SIGINT;
}

/** What the program was called with, without its own name. */
export function programArguments(): string[] {
  return scriptArgs.slice(1);
}

/** Standard output and error of the program, and how wide the terminal is. */
export function quickjsTerminal(): Terminal {
  const columns = os.isatty(1) ? (os.ttyGetWinSize(1)?.[0] ?? 0) : undefined;
  return {
    out(text) {
      put(std.out, text);
      std.out.flush();
    },
    err(text) {
      put(std.err, text);
      std.err.flush();
    },
    // A serial line knows no size of its own: 0 columns are none that anybody has told it.
    ...(columns === undefined ? {} : { columns: columns === 0 ? 80 : columns }),
  };
}

/** Text or bytes; `false` where not all was taken. */
function put(file: std.File, content: string | Uint8Array): boolean {
  // The engine knows UTF-8 alone, and makes it many times faster than the codec of path.ts.
  if (typeof content === 'string' && !/[\ud800-\udfff]/.test(content)) {
    file.puts(content);
    return !file.error();
  }
  const bytes = typeof content === 'string' ? encodeName(content) : content;
  return file.write(bytes.buffer, bytes.byteOffset, bytes.byteLength) === bytes.byteLength;
}

/** Leave the program. For main.ts alone. */
export function exit(code: number): never {
  return std.exit(code);
}

function run(argv: readonly string[], options: RunOptions = {}): Finished {
  const stdin = scratch(options.input);
  const stdout = scratch();
  const stderr = scratch();
  const status = os.exec([...argv], {
    block: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: stdin.fileno(),
    stdout: stdout.fileno(),
    stderr: stderr.fileno(),
  });
  stdin.close();
  return { code: status < 0 ? 128 - status : status, stdout: drain(stdout), stderr: drain(stderr) };
}

/** Bytes that are read of a pipe at once: what a pipe holds. */
const PIECE = 2 ** 16;

function readFrom(argv: readonly string[], onPiece: (piece: Uint8Array) => boolean): Finished {
  const pipe = os.pipe();
  if (pipe === null) throw new Error('cannot make a pipe');
  const [from, into] = pipe;
  const nothing = scratch();
  const stderr = scratch();
  const streams = { stdin: nothing.fileno(), stdout: into, stderr: stderr.fileno() };
  const pid = os.exec([...argv], { block: false, ...streams });
  os.close(into);
  nothing.close();
  const bytes = new Uint8Array(PIECE);
  for (let go = true; go; ) {
    const count = os.read(from, bytes.buffer, 0, PIECE);
    if (count === -INTERRUPTED) continue;
    go = count > 0 && onPiece(bytes.subarray(0, count));
  }
  os.close(from);
  let [ended, status] = os.waitpid(pid, 0);
  while (ended === -INTERRUPTED) [ended, status] = os.waitpid(pid, 0);
  return { code: exitCode(status), stdout: '', stderr: drain(stderr) };
}

/** EINTR: a signal came meanwhile. */
const INTERRUPTED = 4;

/** Locks, held by open files. */
const locks: std.File[] = [];

/** flock(1) locks what it gets as its standard input: the open file description, which stays with this program. */
function lock(path: string): boolean {
  const file = std.open(path, 'a');
  if (file === null) throw new Error(`cannot open ${path}`);
  locks.push(file);
  return os.exec(['flock', '--nonblock', '0'], { block: true, stdin: file.fileno() }) === 0;
}

/** An unnamed file, filled and rewound: a program's standard stream without the deadlocks of a pipe. */
function scratch(content: string | Uint8Array = ''): std.File {
  const file = std.tmpfile();
  if (file === null) throw new Error('cannot make a temporary file in /tmp');
  if (content.length > 0) {
    put(file, content);
    file.flush();
    file.seek(0, std.SEEK_SET);
  }
  return file;
}

function drain(file: std.File): string {
  file.seek(0, std.SEEK_SET);
  const text = file.readAsString(MAX_OUTPUT);
  // The engine makes something else of bytes that are no UTF-8, and decodes the rest much faster.
  if (!/[\ud800-\udfff\ufffd]/.test(text)) {
    file.close();
    return text;
  }
  file.seek(0, std.SEEK_END);
  const bytes = new Uint8Array(Math.min(file.tell(), MAX_OUTPUT));
  file.seek(0, std.SEEK_SET);
  file.read(bytes.buffer, 0, bytes.length);
  file.close();
  return decodeName(bytes);
}

/** A pipeline on its way: parts by process id, and those that have ended. */
interface Job {
  readonly index: number;
  readonly argvs: readonly (readonly string[])[];
  readonly errors: readonly std.File[];
  readonly codes: (number | undefined)[];
}

function pipelines(
  list: readonly Pipeline[],
  limit: number,
  onEnd: (index: number, parts: readonly PartResult[]) => boolean,
): void {
  const running = new Map<number, { readonly job: Job; readonly part: number }>();
  let next = 0;
  let active = 0;
  let go = true;
  while (active > 0 || (go && next < list.length)) {
    while (go && next < list.length && active < Math.max(1, limit)) {
      startJob(next, list[next] as Pipeline, running);
      next++;
      active++;
    }
    const [pid, status] = os.waitpid(-1, 0);
    if (pid < 0) throw new Error(`waitpid failed: errno ${-pid}`);
    if (pid === canary) canaryEnded(status);
    const found = running.get(pid);
    if (found === undefined) continue;
    running.delete(pid);
    const { job, part } = found;
    job.codes[part] = exitCode(status);
    if (job.codes.includes(undefined)) continue;
    active--;
    const parts = job.argvs.map((argv, i) => ({
      argv,
      code: job.codes[i] ?? 127,
      stderr: drain(job.errors[i] as std.File),
    }));
    if (!onEnd(job.index, parts)) go = false;
  }
}

/** Start every part. The parent keeps no end of a pipe, so that each part sees its neighbour's end. */
function startJob(
  index: number,
  pipeline: Pipeline,
  running: Map<number, { readonly job: Job; readonly part: number }>,
): void {
  const { parts, cwd } = pipeline;
  const job: Job = {
    index,
    argvs: parts,
    errors: parts.map(() => scratch()),
    codes: parts.map(() => undefined),
  };
  const nothing = scratch();
  let input = nothing.fileno();
  parts.forEach((argv, part) => {
    const pipe = part === parts.length - 1 ? null : os.pipe();
    const output = pipe === null ? nothing.fileno() : pipe[1];
    const stderr = (job.errors[part] as std.File).fileno();
    const pid = os.exec([...argv], { block: false, cwd, stdin: input, stdout: output, stderr });
    running.set(pid, { job, part });
    if (part > 0) os.close(input);
    if (pipe !== null) {
      os.close(pipe[1]);
      input = pipe[0];
    }
  });
  nothing.close();
}

/** A wait status as a shell's exit code (wait(2): low seven bits the signal, the next byte the code). */
function exitCode(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** Not `std.loadFile`: it asks for the size first, and files in /proc say 0. */
function readText(path: string): string | undefined {
  const file = std.open(path, 'r');
  if (file === null) return undefined;
  const text = file.readAsString(MAX_TEXT);
  file.close();
  return text;
}

function readAt(path: string, offset: number, length: number): Uint8Array | undefined {
  const file = std.open(path, 'r');
  if (file === null) return undefined;
  const bytes = new Uint8Array(length);
  file.seek(offset, std.SEEK_SET);
  const count = file.read(bytes.buffer, 0, length);
  file.close();
  return bytes.subarray(0, count);
}

function write(path: string, content: string | Uint8Array): boolean {
  const file = std.open(path, 'w');
  if (file === null) return false;
  const taken = content.length === 0 || put(file, content);
  return file.close() === 0 && taken;
}

function info(path: string): FileInfo | undefined {
  const [stat] = os.stat(path);
  if (stat === null) return undefined;
  return { kind: kindOf(stat.mode & os.S_IFMT), mode: stat.mode & 0o7777, size: stat.size };
}

function kindOf(type: number): FileKind {
  if (type === os.S_IFREG) return 'file';
  if (type === os.S_IFDIR) return 'directory';
  return type === os.S_IFBLK ? 'block' : 'other';
}

/** /dev/console is only the last console named on the command line; a person may sit before any of them. */
function print(line: string): void {
  const active = (readText('/sys/class/tty/console/active') ?? '').trim();
  const names = active === '' ? ['console'] : active.split(/\s+/);
  for (const name of names) {
    const tty = std.open(`/dev/${name}`, 'w');
    if (tty === null) continue;
    tty.puts(`${line}\n`);
    tty.close();
  }
}
