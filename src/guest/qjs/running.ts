/** The running machine: what mkma's program there may ask of it besides. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { RunningMachine } from '../machine.js';
import { moveOnto } from './files.js';
import { quickjsMachine } from './machine.js';
import { readFrom } from './run.js';
import { startedPipelines } from './starter.js';
import { exitCode, scratch } from './streams.js';

/** The running machine. */
export function runningMachine(): RunningMachine {
  const locale = std.getenv('LC_ALL');
  return {
    ...quickjsMachine(),
    pipelines: startedPipelines,
    rename: (from, to) => os.rename(from, to) === 0,
    moveOnto,
    lock,
    readFrom,
    environment: (name) => std.getenv(name) || undefined,
    converse(argv) {
      // A person talks to it: in the language of the person.
      if (locale === undefined) std.unsetenv('LC_ALL');
      else std.setenv('LC_ALL', locale);
      const status = os.exec([...argv], { block: true });
      std.setenv('LC_ALL', 'C');
      return status < 0 ? 128 - status : status;
    },
    outliveInterrupts() {
      if (canary !== undefined || interrupted) return;
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

/** Locks, held by open files. */
const locks: std.File[] = [];

/** flock(1) locks what it gets as its standard input: the open file description, which stays with this program. */
function lock(path: string): boolean {
  const file = std.open(path, 'a');
  if (file === null) throw new Error(`cannot open ${path}`);
  locks.push(file);
  return os.exec(['flock', '--nonblock', '0'], { block: true, stdin: file.fileno() }) === 0;
}
