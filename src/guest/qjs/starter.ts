/**
 * Jobs started by a small program instead of by this one: at each start the kernel copies the page tables of
 * the parent, which then pays for every page that it touches again. A program that lists many thousand files
 * has many pages.
 */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import { whyNotRun } from '../ran.js';
import { HELPERS } from './environment.js';
import { type Ended, type Job, type Jobs, OwnJobs } from './jobs.js';
import { exitCode } from './streams.js';

/** The program: {@link serveStarter}. */
const PROGRAM = '/usr/lib/mkma/start.js';

/**
 * If this program ends, so does the starter, and with it the process namespace of all that it has started.
 */
const BOUND = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child'];

/**
 * Requests to the starter: one per line, as JSON. A start is not answered; the others are, with {@link Ended}
 * or `null`.
 */
type Request =
  | { readonly begin: Job }
  | { readonly wait: readonly number[] }
  | { readonly poll: readonly number[] };

/**
 * Starts the small program, which ends with this one; if something ended it before, `onLost` is called, and
 * requests fail.
 */
export function startedJobs(onLost: () => void): Jobs {
  const [request, answer] = [pipe(), pipe()];
  const streams = { stdin: request.from, stdout: answer.to };
  const argv = [...BOUND, 'qjs', '-m', PROGRAM];
  const pid = os.exec(argv, { block: false, env: HELPERS, ...streams });
  os.close(request.from);
  os.close(answer.to);
  const [asked, answers] = [open(request.to, 'w'), open(answer.from, 'r')];
  // If the starter ends meanwhile, its missing answer shows that.
  os.signal(os.SIGPIPE, undefined);
  const ask = (words: Request): void => {
    asked.puts(`${JSON.stringify(words)}\n`);
    asked.flush();
  };
  const answered = (): Ended | undefined => {
    const line = answers.getline();
    if (line === null) {
      onLost();
      const [ended, status] = os.waitpid(pid, 0);
      const code = ended === pid ? exitCode(status) : 0;
      throw whyNotRun(argv, { code, stderr: '' }) ?? new Error('the program that starts others was ended');
    }
    return (JSON.parse(line) as Ended | null) ?? undefined;
  };
  let count = 0;
  return {
    begin(job) {
      ask({ begin: job });
      // Both sides count jobs.
      return count++;
    },
    wait(ids) {
      ask({ wait: ids });
      return answered() as Ended;
    },
    poll(ids) {
      ask({ poll: ids });
      return answered();
    },
  };
}

/** The other side: a program of its own, with its standard streams. */
export function serveStarter(): void {
  const jobs = new OwnJobs();
  for (;;) {
    const line = std.in.getline();
    if (line === null) return;
    const asked = JSON.parse(line) as Request;
    if ('begin' in asked) jobs.begin(asked.begin);
    else {
      std.out.puts(
        `${JSON.stringify(('wait' in asked ? jobs.wait(asked.wait) : jobs.poll(asked.poll)) ?? null)}\n`,
      );
      std.out.flush();
    }
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
