/**
 * Pipelines started by a small program instead of by this one: at each start the kernel copies the page tables of whoever
 * starts, which then pays for every page that it touches again. What lists many thousand files has many pages.
 */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { PartResult, Pipeline } from '../machine.js';
import { pipelines } from './pipelines.js';

/** The program: {@link serveStarter}. */
const PROGRAM = '/usr/lib/mkma/start.js';

/** Whatever ends this program ends the starter, and with it the process namespace that all it has started lives in. */
const BOUND = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child'];

/** What the starter tells of a pipeline that has ended; what it is asked for is a {@link Pipeline}, or `null` for no more. */
interface Ended {
  readonly index: number;
  readonly parts: readonly PartResult[];
}

/** As `Machine.pipelines`. */
export function startedPipelines(
  list: Iterable<Pipeline>,
  limit: number,
  onEnd: (index: number, parts: readonly PartResult[]) => boolean,
): void {
  const lanes = Math.max(1, limit);
  const [request, answer] = [pipe(), pipe()];
  const streams = { stdin: request.from, stdout: answer.to };
  const pid = os.exec([...BOUND, 'qjs', '-m', PROGRAM, String(lanes)], { block: false, ...streams });
  os.close(request.from);
  os.close(answer.to);
  const [asked, told] = [open(request.to, 'w'), open(answer.from, 'r')];
  // Where the starter is ended meanwhile, that is told by what it no longer says.
  os.signal(os.SIGPIPE, undefined);
  try {
    talk(list[Symbol.iterator](), lanes, asked, told, onEnd);
  } finally {
    asked.close();
    told.close();
    os.signal(os.SIGPIPE, null);
    os.waitpid(pid, 0);
  }
}

/** The starter reads whenever it has a lane free, until it reads that there is no more: each side knows when the other waits. */
function talk(
  waiting: Iterator<Pipeline>,
  lanes: number,
  asked: std.File,
  told: std.File,
  onEnd: (index: number, parts: readonly PartResult[]) => boolean,
): void {
  let active = 0;
  let go = true;
  for (;;) {
    while (active < lanes && go) {
      const next = waiting.next();
      go = next.done !== true;
      asked.puts(`${JSON.stringify(go ? next.value : null)}\n`);
      if (go) active++;
    }
    asked.flush();
    if (active === 0) return;
    const line = told.getline();
    if (line === null) throw new Error('the program that starts others was ended');
    active--;
    const { index, parts } = JSON.parse(line) as Ended;
    if (onEnd(index, parts) || !go) continue;
    go = false;
    asked.puts('null\n');
  }
}

/** The other side: the program of its own, with its standard streams. */
export function serveStarter(lanes: number): void {
  pipelines(requests(), lanes, (index, parts) => {
    const ended: Ended = { index, parts };
    std.out.puts(`${JSON.stringify(ended)}\n`);
    std.out.flush();
    return true;
  });
}

function* requests(): Generator<Pipeline> {
  for (;;) {
    // Where nobody asks any more, what runs is waited for.
    const asked = JSON.parse(std.in.getline() ?? 'null') as Pipeline | null;
    if (asked === null) return;
    yield asked;
  }
}

function pipe(): { from: number; to: number } {
  const ends = os.pipe();
  if (ends === null) throw new Error('cannot make a pipe');
  return { from: ends[0], to: ends[1] };
}

function open(fd: number, flags: string): std.File {
  const file = std.fdopen(fd, flags);
  if (file === null) throw new Error('cannot open a pipe');
  return file;
}
