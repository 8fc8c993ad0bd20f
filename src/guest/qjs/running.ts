/** The running machine: what mkma's program there may ask of it besides. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { RunningMachine } from '../machine.js';
import { takeEnvironment } from './environment.js';
import { makeFile, moveOnto } from './files.js';
import { type Jobs, OwnJobs } from './jobs.js';
import { quickjsMachine } from './machine.js';
import { pipelines } from './pipelines.js';
import { readFrom, start } from './run.js';
import { startedJobs } from './starter.js';

/** Where programs are started. */
let jobs: Jobs = new OwnJobs();

/** The running machine. */
export function runningMachine(): RunningMachine {
  const caller = takeEnvironment();
  return {
    ...quickjsMachine(caller),
    growLarge() {
      jobs = startedJobs(() => {
        jobs = new OwnJobs();
      });
    },
    run: (argv, options) => start(jobs, argv, options)(),
    pipelines: (list, limit, onEnd) => pipelines(jobs, list, limit, onEnd),
    start: (argv, options) => start(jobs, argv, options),
    makeFile,
    rename: (from, to) => os.rename(from, to) === 0,
    moveOnto,
    lock,
    readFrom,
    environment: (name) => caller[name] || undefined,
    converse(argv) {
      // Ignored signals are inherited (starter.ts ignores this one).
      os.signal(os.SIGPIPE, null);
      // A person talks to it: in the language of the person, on their terminal, with their settings.
      const status = os.exec([...argv], { block: true, env: caller });
      os.signal(os.SIGPIPE, undefined);
      return status < 0 ? 128 - status : status;
    },
    outliveInterrupts() {
      if (canary !== undefined || interrupted) return;
      // While the logic runs, the engine calls no handler: Ctrl-C is seen by what it does to a program that only waits for it.
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
const locks: std.File[] = [];

/** flock(1) locks what it gets as its standard input: the open file description, which stays with this program. */
function lock(path: string): boolean {
  const file = std.open(path, 'a');
  if (file === null) throw new Error(`cannot open ${path}`);
  locks.push(file);
  return os.exec(['flock', '--nonblock', '0'], { block: true, stdin: file.fileno() }) === 0;
}
