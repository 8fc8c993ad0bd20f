/**
 * Whether a program ran at all, and whether its exit code is an answer. One that could not run has not
 * answered: that is reported as such, wherever it was to be started.
 */
import type { Finished, GuestSystem, RunOptions } from './system.js';
import { ThrownProblem } from './thrown-problem.js';

/**
 * Exit codes of shells and of programs that start others (xargs, chroot, unshare): not executable, and not
 * found.
 */
const NOT_RUN: Readonly<Record<number, string>> = { 126: 'cannot be executed', 127: 'not found' };

/**
 * Messages of shells about a program in a pipe, whose exit code is lost: dash with the line in the script,
 * and busybox.
 */
const SHELL_WORDS = [
  /^.*: \d+: (?:exec: )?([^\s:]+): (not found|Permission denied)$/m,
  /^sh: (?:exec: line \d+: )?([^\s:]+): (not found)$/m,
];

/** Thrown if a program could not be run. */
export class CouldNotRun extends ThrownProblem {
  constructor(program: string, why: string, words = '') {
    super({
      code: 'program-missing',
      what: `cannot run ${program}`,
      why: words === '' ? why : `${why}: ${words}`,
      next: remedyOf(program),
    });
  }
}

/** What went wrong before the program itself did anything; `undefined` if it ran. */
export function whyNotRun(
  argv: readonly string[],
  { code, stderr }: Pick<Finished, 'code' | 'stderr'>,
): CouldNotRun | undefined {
  const shell = argv[0] === 'sh' || code in NOT_RUN;
  const words = shell
    ? SHELL_WORDS.map((form) => form.exec(stderr)).find((found) => found !== null)
    : undefined;
  if (words) return new CouldNotRun(words[1] as string, words[2] as string);
  const why = NOT_RUN[code];
  return why === undefined ? undefined : new CouldNotRun(argv[0] ?? '', why, stderr.trim());
}

/** The result of a program that ran. */
export function ran(argv: readonly string[], finished: Finished): Finished {
  const cause = whyNotRun(argv, finished);
  if (cause !== undefined) throw cause;
  return finished;
}

/** Runs a program for which these exit codes are answers, such as grep's 1; throws for all other failures. */
export function ask(
  machine: GuestSystem,
  argv: readonly string[],
  answers: readonly number[] = [],
  options: RunOptions = {},
): Finished {
  return answered(argv, machine.run(argv, options), answers);
}

/** The same for a program that has run already. */
export function answered(
  argv: readonly string[],
  finished: Finished,
  answers: readonly number[] = [],
): Finished {
  if (finished.code === 0 || answers.includes(finished.code)) return finished;
  throw new ProgramFailed(argv, finished);
}

/** Thrown if a program failed for a reason of its own. */
export class ProgramFailed extends ThrownProblem {
  constructor(argv: readonly string[], { code, stderr }: Pick<Finished, 'code' | 'stderr'>) {
    const words = stderr.trim();
    super({
      code: 'program-failed',
      what: `${argv[0]} failed`,
      where: argv.join(' '),
      why: `exit code ${code}${words === '' ? ', no error output' : `: ${words}`}`,
      next: 'run it by hand, and see dmesg',
    });
  }
}

/** Debian's packages of the programs that mkma runs on a machine (dpkg -S). */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  attr: ['getfattr', 'setfattr'],
  coreutils: [
    'cat',
    'chmod',
    'chown',
    'dd',
    'du',
    'install',
    'rm',
    'sha256sum',
    'sleep',
    'stat',
    'stty',
    'sync',
  ],
  cpio: ['cpio'],
  'cryptsetup-bin': ['cryptsetup'],
  dpkg: ['dpkg'],
  findutils: ['find', 'xargs'],
  grep: ['grep'],
  lvm2: ['lvm'],
  mount: ['mount', 'umount'],
  quickjs: ['qjs'],
  'util-linux': ['blkid', 'findfs', 'findmnt', 'flock', 'setpriv', 'unshare'],
  zstd: ['zstd'],
};

function remedyOf(program: string): string {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const found = Object.entries(PACKAGES).find(([, programs]) => programs.includes(name))?.[0];
  return found === undefined
    ? 'install the package that contains it'
    : `install the package that contains it: apt-get install --reinstall ${found}`;
}
