/** Programs, run one at a time. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import type * as std from 'std';
import { ran } from '../ran.js';
import type { Finished, RunOptions } from '../system.js';
import { HELPERS } from './environment.js';
import { INTERRUPTED, type Jobs } from './jobs.js';
import { drain, exitCode, scratch, wordsOf } from './streams.js';

export function run(argv: readonly string[], options: RunOptions = {}): Finished {
  const stdin = options.secret === undefined ? scratch(options.input) : filledPipe(options.secret);
  const stdout = scratch();
  const stderr = scratch();
  const status = os.exec([...argv], {
    block: true,
    env: HELPERS,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: stdin.fileno(),
    stdout: stdout.fileno(),
    stderr: stderr.fileno(),
  });
  const code = status < 0 ? 128 - status : status;
  const words = wordsOf(stderr, code);
  stdin.close();
  const finished = { code, stdout: drain(stdout), stderr: words };
  return options.mayLack === true ? finished : ran(argv, finished);
}

/**
 * Starts a program with these jobs, which may be another program's; the returned function waits for its end.
 */
export function start(jobs: Jobs, argv: readonly string[], options: RunOptions = {}): () => Finished {
  const stdin = scratch(options.input);
  const stdout = scratch();
  const stderr = scratch();
  const streams = { stdin: pathOf(stdin), stdout: pathOf(stdout), stderr: pathOf(stderr) };
  const { cwd } = options;
  const id = jobs.begin({ parts: [argv], ...(cwd === undefined ? {} : { cwd }), streams });
  return () => {
    const code = jobs.wait([id]).parts[0]?.code ?? 127;
    const words = wordsOf(stderr, code);
    stdin.close();
    const finished = { code, stdout: drain(stdout), stderr: words };
    return options.mayLack === true ? finished : ran(argv, finished);
  };
}

/** The reading end of a pipe that holds the bytes, and then ends. */
function filledPipe(bytes: Uint8Array): { fileno(): number; close(): void } {
  const pipe = os.pipe();
  if (pipe === null) throw new Error('cannot make a pipe');
  const [from, into] = pipe;
  if (bytes.length > PIECE) throw new Error('more bytes than a pipe holds');
  const taken = os.write(into, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  os.close(into);
  if (taken !== bytes.length) throw new Error(`cannot fill a pipe: ${taken} of ${bytes.length} bytes`);
  return { fileno: () => from, close: () => os.close(from) };
}

/** A path by which others can open an unnamed file (proc_pid_fd(5)). */
function pathOf(file: std.File): string {
  return `/proc/${os.getpid()}/fd/${file.fileno()}`;
}

/** Bytes per read from a pipe: its capacity. */
const PIECE = 2 ** 16;

export function readFrom(argv: readonly string[], onPiece: (piece: Uint8Array) => boolean): Finished {
  const pipe = os.pipe();
  if (pipe === null) throw new Error('cannot make a pipe');
  const [from, into] = pipe;
  const nothing = scratch();
  const stderr = scratch();
  const streams = { stdin: nothing.fileno(), stdout: into, stderr: stderr.fileno() };
  const pid = os.exec([...argv], { block: false, env: HELPERS, ...streams });
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
  const code = exitCode(status);
  return ran(argv, { code, stdout: '', stderr: wordsOf(stderr, code) });
}
