/**
 * Whether a program ran at all, and whether what it ended with is an answer. One that could not run says nothing about what it
 * was asked: that is told as what it is, wherever it was to be started.
 */
import type { Finished, Machine, RunOptions } from './machine.js';
import { Told } from './told.js';

/** A shell's own codes, and those of what starts other programs (xargs, chroot, unshare): found and not to be run, and not found. */
const NOT_RUN: Readonly<Record<number, string>> = { 126: 'cannot be executed', 127: 'not found' };

/** What shells say of a program in a pipe, whose code they do not tell: dash with the line in the script, and busybox. */
const SHELL_WORDS = [
  /^.*: \d+: (?:exec: )?([^\s:]+): (not found|Permission denied)$/m,
  /^sh: (?:exec: line \d+: )?([^\s:]+): (not found)$/m,
];

/** Thrown where a program could not be run. */
export class CouldNotRun extends Told {
  constructor(program: string, why: string, words = '') {
    super({
      code: 'program-missing',
      what: `cannot run ${program}`,
      why: words === '' ? why : `${why}: ${words}`,
      next: remedyOf(program),
    });
  }
}

/** What went wrong before the program itself did anything; `undefined` where it ran. */
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

/** How a program ended that ran. */
export function ran(argv: readonly string[], finished: Finished): Finished {
  const cause = whyNotRun(argv, finished);
  if (cause !== undefined) throw cause;
  return finished;
}

/** Run a program whose failure is an answer with one of these codes, such as grep's 1; what else it fails with is none, and throws. */
export function ask(
  machine: Machine,
  argv: readonly string[],
  answers: readonly number[] = [],
  options: RunOptions = {},
): Finished {
  return answered(argv, machine.run(argv, options), answers);
}

/** The same where it was run already. */
export function answered(
  argv: readonly string[],
  finished: Finished,
  answers: readonly number[] = [],
): Finished {
  if (finished.code === 0 || answers.includes(finished.code)) return finished;
  throw new ProgramFailed(argv, finished);
}

/** Thrown where a program failed for a reason of its own. */
export class ProgramFailed extends Told {
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
  coreutils: ['cat', 'chmod', 'chown', 'dd', 'du', 'install', 'rm', 'sha256sum', 'sleep', 'stat', 'sync'],
  cpio: ['cpio'],
  dpkg: ['dpkg'],
  findutils: ['find', 'xargs'],
  grep: ['grep'],
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
