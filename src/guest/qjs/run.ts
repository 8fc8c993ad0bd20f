/** Programs, run one at a time. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import type { Finished, RunOptions } from '../machine.js';
import { drain, exitCode, scratch } from './streams.js';

export function run(argv: readonly string[], options: RunOptions = {}): Finished {
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

export function readFrom(argv: readonly string[], onPiece: (piece: Uint8Array) => boolean): Finished {
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
