/**
 * Starts every program that mkma runs, and ends it with all that it started when the command is interrupted.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { argvOf, type Command, environmentOf } from './command.js';

export interface RunOptions {
  /** Ends the program when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called with every line the program prints on either stream. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Seconds after which the program is ended and counted as failed. */
  readonly timeout?: number | undefined;
}

/** What a standard stream is connected to: a pipe for the caller, nothing, mkma's own, or an open file. */
type Stdio = 'pipe' | 'ignore' | 'inherit' | number;

export interface StartOptions extends RunOptions {
  readonly stdin?: Stdio;
  readonly stdout?: Stdio;
  /** `pipe` collects it for the failure's message. */
  readonly stderr?: Stdio;
  /** Stay in mkma's own process group, so that the terminal's keys reach it: for interactive programs. */
  readonly foreground?: boolean;
}

/** How a program ended: with a code or by a signal, or why it was not started. */
export interface Ending {
  readonly code: number | null;
  readonly signal?: NodeJS.Signals | undefined;
  readonly cause?: NodeJS.ErrnoException;
  readonly timedOut: boolean;
}

/** Seconds from asking a program to end to making it. */
const GRACE = 3;

/**
 * Start a program. In a process group of its own it gets no Ctrl-C from the terminal: mkma alone does, which
 * then ends its children in order, each with all that it started.
 */
export function launch(command: Command, options: StartOptions) {
  const { file, args } = argvOf(command);
  const { input } = command;
  const foreground = options.foreground === true;
  const child: ChildProcess = spawn(file, args, {
    cwd: command.cwd,
    env: environmentOf(command),
    detached: !foreground,
    stdio: [
      input === undefined ? (options.stdin ?? 'ignore') : 'pipe',
      options.stdout ?? 'ignore',
      options.stderr ?? 'pipe',
    ],
  });
  // Where it ends before it has read everything, its exit code decides whether that is a failure.
  if (input !== undefined) child.stdin?.on('error', () => undefined).end(input);
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): void => {
    if (foreground) child.kill(signal);
    else signalGroup(child, signal);
  };
  const untie = tieToExit(foreground ? {} : child);
  let last: NodeJS.Timeout | undefined;
  const end = (): void => {
    kill(command.isolated === true ? 'SIGKILL' : 'SIGTERM');
    // In the foreground it may be mkma itself, which has programs of its own to end first.
    if (!foreground) last ??= setTimeout(() => kill('SIGKILL'), GRACE * 1000);
  };
  options.signal?.addEventListener('abort', end, { once: true });
  let timedOut = false;
  const onTimeout = (): void => {
    timedOut = true;
    end();
  };
  const timer = options.timeout === undefined ? undefined : setTimeout(onTimeout, options.timeout * 1000);
  const ended = new Promise<Ending>((resolve) => {
    const settle = (ending: Omit<Ending, 'timedOut'>): void => {
      clearTimeout(timer);
      clearTimeout(last);
      untie();
      options.signal?.removeEventListener('abort', end);
      resolve({ ...ending, timedOut });
    };
    child.once('error', (cause: NodeJS.ErrnoException) => settle({ code: null, cause }));
    child.once('close', (code, signal) => settle({ code, signal: signal ?? undefined }));
  });
  return { child, kill, ended };
}

function tieToExit(child: { pid?: number | undefined }): () => void {
  const end = () => signalGroup(child, 'SIGKILL');
  process.on('exit', end);
  return () => process.off('exit', end);
}

/** To all programs of the group that the child leads. */
function signalGroup(child: { pid?: number | undefined }, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}
