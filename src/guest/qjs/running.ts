/** The running machine on QuickJS. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import { answered, ran } from '../ran.js';
import type { RunningSystem } from '../system.js';
import { callersVariable, HELPERS, inCallersEnvironment } from './environment.js';
import { makeFile, moveOnto } from './files.js';
import { type Jobs, OwnJobs } from './jobs.js';
import { quickjsMachine } from './machine.js';
import { pipelines } from './pipelines.js';
import { readFrom, run, start } from './run.js';
import { startedJobs } from './starter.js';

/** Where programs are started. */
let jobs: Jobs = new OwnJobs();

/** The running machine. */
export function runningMachine(): RunningSystem {
  return {
    ...quickjsMachine(),
    growLarge() {
      // What runs is known to the program that started it.
      if (!(jobs instanceof OwnJobs) || canary !== undefined) return;
      jobs = startedJobs(() => {
        jobs = new OwnJobs();
      });
    },
    // A secret is handed on by this program itself.
    run: (argv, options) =>
      options?.secret === undefined ? start(jobs, argv, options)() : run(argv, options),
    pipelines: (list, limit, onEnd) => pipelines(jobs, list, limit, onEnd),
    start: (argv, options) => start(jobs, argv, options),
    makeFile,
    rename: (from, to) => os.rename(from, to) === 0,
    moveOnto,
    lock,
    unlock,
    readFrom,
    // Started by this program itself: what the starter has started ends with it.
    runApart: (argv) => run(['setsid', ...argv]),
    environment: (name) => callersVariable(name) || undefined,
    converse(argv) {
      // For a person: with that person's language and path.
      return inCallersEnvironment(() => {
        // Ignored signals are inherited (starter.ts ignores this one).
        os.signal(os.SIGPIPE, null);
        const status = os.exec([...argv], { block: true });
        os.signal(os.SIGPIPE, undefined);
        return status < 0 ? 128 - status : status;
      });
    },
    outliveInterrupts() {
      if (canary !== undefined || interrupted) return;
      // While the logic runs, the engine calls no handler: Ctrl-C is detected by a program that only waits
      // for it.
      canary = jobs.begin({ parts: [['setpriv', '--pdeathsig', 'KILL', 'sleep', 'infinity']] });
      os.signal(os.SIGINT, () => undefined);
    },
    interrupted() {
      if (canary !== undefined) {
        const ended = jobs.poll([canary]);
        if (ended !== undefined) canaryEnded(ended.parts[0]?.code);
      }
      return interrupted;
    },
    now: () => Date.now(),
  };
}

/** The program that waits for Ctrl-C, and whether that came. */
let canary: number | undefined;
let interrupted = false;

function canaryEnded(code: number | undefined): void {
  canary = undefined;
  interrupted = code === 128 + os.SIGINT;
}

/** Locks, held by open files. */
const locks = new Map<string, std.File>();

/** flock(1) locks its standard input: the open file description, which stays with this program. */
function lock(path: string): boolean {
  const file = std.open(path, 'a');
  if (file === null) throw new Error(`cannot open ${path}`);
  const argv = ['flock', '--nonblock', '0'];
  const code = os.exec(argv, { block: true, env: HELPERS, stdin: file.fileno() });
  const finished = { code: code < 0 ? 128 - code : code, stdout: '', stderr: '' };
  const held = answered(argv, ran(argv, finished), [HELD]).code === 0;
  if (held) locks.set(path, file);
  else file.close();
  return held;
}

function unlock(path: string): void {
  locks.get(path)?.close();
  locks.delete(path);
}

/** flock(1): another process holds it. */
const HELD = 1;
