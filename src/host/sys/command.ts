/** A program with its arguments as data: how it is started, and how it is shown. */
import { readFileSync } from 'node:fs';
import { cleanEnvironment, type Passing } from './environment.js';

/** A program and how to start it. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Its name for people, where `file` is a loader that starts it. */
  readonly name?: string;
  readonly cwd?: string;
  /**
   * Variables in addition to the clean environment of every program (environment.ts); `undefined` removes
   * one.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Like `env`, for what may contain passwords: never shown. */
  readonly secretEnv?: Readonly<Record<string, string>> | undefined;
  /** Which of the caller's variables it gets in addition. */
  readonly passes?: readonly Passing[];
  /** Text or bytes for standard input; default: empty. */
  readonly input?: string | Uint8Array;
  /**
   * Run in mount and PID namespaces of its own: when the program ends, whatever it mounted or left running is
   * removed, and it cannot outlive mkma. Needs root.
   */
  readonly isolated?: boolean;
}

/**
 * How the program is really started: tied to mkma, so that the kernel ends it if mkma is killed, and inside
 * namespaces if requested. There, --kill-child ties the first process to unshare.
 */
export function argvOf(command: Command): { file: string; args: string[] } {
  const namespaces = command.isolated === true ? ['unshare', ...namespaceArguments(), '--'] : [];
  return {
    file: 'setpriv',
    args: ['--pdeathsig', 'KILL', '--', ...namespaces, command.file, ...command.args],
  };
}

/** Whether an exit code means that the program was not found. */
export function wasMissing(exitCode: number | undefined, stderr: string): boolean {
  return (
    exitCode === 127 && /^(setpriv|unshare): failed to execute .*: No such file or directory$/m.test(stderr)
  );
}

/** Arguments of unshare(1) for mount and PID namespaces that end with unshare. */
function namespaceArguments(): string[] {
  // In a chroot `/` is not a mount point, and unshare could not change how its mounts propagate.
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  const propagation = /^\d+ \d+ \S+ \S+ \/ /m.test(mountinfo) ? 'private' : 'unchanged';
  return ['--mount', '--propagation', propagation, '--pid', '--fork', '--mount-proc', '--kill-child=KILL'];
}

/** The program's environment. */
export function environmentOf(command: Command, own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...cleanEnvironment(own, command.passes), ...command.env, ...command.secretEnv };
}

/** The command as a shell command line. */
export function renderCommand(command: Command): string {
  const cd = command.cwd === undefined ? '' : `cd ${shellQuote(command.cwd)} && `;
  const env = Object.entries(command.env ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${shellQuote(value ?? '')} `);
  return cd + env.join('') + [command.file, ...command.args].map(shellQuote).join(' ');
}

/**
 * What to do about a failed command: repeat it, unless it names a scratch folder (scratch.ts), which is
 * removed when mkma ends.
 */
export function repeatText(command: Command): string {
  const line = renderCommand(command);
  return /\/scratch-\d+-\w{6}(\/|\b)/.test(line)
    ? 'correct what its message says, then repeat the command of mkma'
    : `run it by hand: ${line}`;
}

/** The name of its program, for people. */
export function nameOf({ name, file }: Command): string {
  return name ?? file;
}

/** One word of a shell command line, quoted only if needed. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
