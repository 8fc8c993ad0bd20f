/** A program with its arguments as data: how it is started, and how it is told. */
import { readFileSync } from 'node:fs';
import { cleanEnvironment, type Passing } from './environment.js';

/** A program and how to start it. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Variables on top of the clean environment that every program gets (environment.ts); `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As `env`, for what may hold passwords: never shown. */
  readonly secretEnv?: Readonly<Record<string, string>> | undefined;
  /** Which more of the caller's variables it gets. */
  readonly passes?: readonly Passing[];
  /** Text or bytes for standard input; none: empty. */
  readonly input?: string | Uint8Array;
  /**
   * Run in mount and PID namespaces of its own: when the program ends, whatever it mounted or left running is
   * gone, and it cannot outlive mkma. Needs root.
   */
  readonly isolated?: boolean;
}

/**
 * How the program is really started: tied to mkma, so that the kernel ends it should mkma die without a word, and inside
 * namespaces where asked for. There, --kill-child ties the first process to unshare.
 */
export function argvOf(command: Command): { file: string; args: string[] } {
  const namespaces = command.isolated === true ? ['unshare', ...namespaceArguments(), '--'] : [];
  return {
    file: 'setpriv',
    args: ['--pdeathsig', 'KILL', '--', ...namespaces, command.file, ...command.args],
  };
}

/** Whether what a program ended with says that it could not be started at all, being absent. */
export function wasMissing(exitCode: number | undefined, stderr: string): boolean {
  return (
    exitCode === 127 && /^(setpriv|unshare): failed to execute .*: No such file or directory$/m.test(stderr)
  );
}

/** Arguments of unshare(1) for mount and PID namespaces that end, with all in them, when unshare does. */
function namespaceArguments(): string[] {
  // Within a chroot `/` is no mount point, and unshare could not change how its mounts propagate.
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  const propagation = /^\d+ \d+ \S+ \S+ \/ /m.test(mountinfo) ? 'private' : 'unchanged';
  return ['--mount', '--propagation', propagation, '--pid', '--fork', '--mount-proc', '--kill-child=KILL'];
}

/** What the program finds in its environment. */
export function environmentOf(command: Command, own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...cleanEnvironment(own, command.passes), ...command.env, ...command.secretEnv };
}

/** The command as a line that a shell understands. */
export function renderCommand(command: Command): string {
  const cd = command.cwd === undefined ? '' : `cd ${shellQuote(command.cwd)} && `;
  const env = Object.entries(command.env ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${shellQuote(value ?? '')} `);
  return cd + env.join('') + [command.file, ...command.args].map(shellQuote).join(' ');
}

/** One word of a shell command line, quoted only where needed. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
