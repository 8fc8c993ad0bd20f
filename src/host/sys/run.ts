/**
 * The only way to run other programs. Everything mkma starts is started here: with a bounded life, ended when
 * the command is interrupted, its failure reported with the command line to repeat it by hand.
 */

import { type ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';
import { argvOf, type Command, environmentOf, renderCommand, wasMissing } from './command.js';
import { MAKE_SPACE, NO_SPACE } from './no-space.js';
import { hostTool } from './packages.js';

export interface RunOptions {
  /** Ends the program when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called with every line the program prints on either stream. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Seconds after which the program is ended and counts as failed. */
  readonly timeout?: number | undefined;
}

/** What a program printed and how it ended. */
export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Thrown when the user interrupts (Ctrl-C, SIGTERM). The only expected exception. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
  }
}

/**
 * Runs a program to its end. Fails with a Problem when it cannot be started or exits with another code than
 * 0; throws {@link Interrupted} when the signal was aborted.
 */
export async function run(command: Command, options: RunOptions = {}): Promise<Result<Finished>> {
  const finished = await runAny(command, options);
  if (!finished.ok || finished.value.exitCode === 0) return finished;
  return err(failure(command, finished.value));
}

/** Like {@link run}, for a program whose output is bytes. Resolves to its standard output. */
export async function runBytes(command: Command, options: RunOptions = {}): Promise<Result<Buffer>> {
  const pieces: Buffer[] = [];
  const ended = await runPieces(command, (piece) => pieces.push(piece), options);
  return ended.ok ? ok(Buffer.concat(pieces)) : ended;
}

/** Like {@link runBytes}, passing the output on as it comes. */
export async function runPieces(
  command: Command,
  onPiece: (piece: Buffer) => void,
  options: RunOptions = {},
): Promise<Result<void>> {
  const running = start(command, { ...options, stdout: 'pipe' });
  running.stdout?.on('data', onPiece);
  const ended = await running.ended;
  if (options.signal?.aborted) throw new Interrupted();
  if (!ended.ok) return ended;
  return ended.value.exitCode === 0 ? ok() : err(failure(command, ended.value));
}

/** Like {@link run}, but any exit code is a result. */
export async function runAny(command: Command, options: RunOptions = {}): Promise<Result<Finished>> {
  // A quarter of what mkma loads, and commands that only read or refuse do not need it.
  const { execa } = await import('execa');
  if (options.signal?.aborted) throw new Interrupted();
  const { file, args } = argvOf(command);
  const child = execa(file, args, {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: environmentOf(command),
    extendEnv: false,
    ...(command.input === undefined ? { stdin: 'ignore' as const } : { input: command.input }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout * 1000 }),
    // Its own process group: Ctrl-C on the terminal reaches only mkma, which then ends its children in order.
    detached: true,
    reject: false,
    forceKillAfterDelay: 3000,
    killSignal: command.isolated === true ? 'SIGKILL' : 'SIGTERM',
    stripFinalNewline: false,
    maxBuffer: 512 * 2 ** 20,
  });
  // `detached` exempts the child from mkma's cleanup on exit; this keeps it from outliving mkma.
  const untie = tieToExit(child);
  if (options.onLine !== undefined) {
    for (const stream of [child.stdout, child.stderr]) eachLine(stream, discreetly(command, options.onLine));
  }
  const result = await child;
  untie();
  if (options.signal?.aborted) throw new Interrupted();
  if (result.timedOut) {
    return err({
      code: 'program-timed-out',
      what: `${command.file} did not end within ${options.timeout} seconds`,
      why: withoutLogins(lastLines(result.stderr)),
      next: `run it by hand: ${renderCommand(command)}`,
    });
  }
  if (wasMissing(result.exitCode, result.stderr)) return err(missingTool(command.file));
  if (result.exitCode === undefined) return err(startFailure(command, result));
  return ok({ stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode });
}

/** A program with secrets may print them. */
function discreetly({ secretEnv }: Command, onLine: (line: string) => void): (line: string) => void {
  return secretEnv === undefined ? onLine : (line) => onLine(withoutLogins(line));
}

function tieToExit(child: { pid?: number | undefined }): () => void {
  const end = () => signalGroup(child, 'SIGKILL');
  process.on('exit', end);
  return () => process.off('exit', end);
}

/** Signals all processes of the group that the child leads. */
function signalGroup(child: { pid?: number | undefined }, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

function startFailure(
  command: Command,
  result: {
    readonly code?: string | undefined;
    readonly signal?: string | undefined;
    readonly shortMessage?: string | undefined;
    readonly stderr: string;
  },
): Problem {
  if (result.code === 'ENOENT') return missingTool(command.file);
  return {
    code: 'program-ended-by-signal',
    what: `${command.file} was ended${result.signal === undefined ? '' : ` by ${result.signal}`}`,
    why: withoutLogins(lastLines(result.stderr) || result.shortMessage || ''),
    next: `run it by hand: ${renderCommand(command)}`,
  };
}

/** The problem of a program that is not installed. */
export function missingTool(program: string): Problem {
  const tool = hostTool(program);
  return {
    code: 'program-missing',
    what: `cannot find ${program}${tool === undefined ? '' : `, needed for ${tool.purpose}`}`,
    next: tool === undefined ? `install ${program}` : `install it: apt-get install ${tool.package}`,
  };
}

/** The problem of a program that failed, with its last output as the cause. */
export function failure(command: Command, finished: Finished): Problem {
  const words = withoutLogins(lastLines(finished.stderr) || lastLines(finished.stdout));
  const failed = { what: `${command.file} failed (exit code ${finished.exitCode})`, why: words };
  return NO_SPACE.test(words)
    ? { ...failed, code: 'no-space', next: MAKE_SPACE }
    : { ...failed, code: 'program-failed', next: `run it by hand: ${renderCommand(command)}` };
}

function lastLines(text: string, count = 8): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

/** A running program whose streams the caller reads and writes. */
export interface Running {
  readonly pid: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  /** Sends a signal to it and its descendants, SIGTERM by default. In the foreground only to itself. */
  readonly kill: (signal?: NodeJS.Signals) => void;
  /** How it ended; the code is 128 + n if signal n ended it. */
  readonly ended: Promise<Result<Finished>>;
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

/**
 * Starts a program and leaves its streams to the caller. It ends with mkma, and when the signal is aborted.
 */
export function start(command: Command, options: StartOptions = {}): Running {
  if (options.signal?.aborted) throw new Interrupted();
  const { file, args } = argvOf(command);
  const child: ChildProcess = nodeSpawn(file, args, {
    cwd: command.cwd,
    env: environmentOf(command),
    detached: options.foreground !== true,
    stdio: [options.stdin ?? 'ignore', options.stdout ?? 'ignore', options.stderr ?? 'pipe'],
  });
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): void => {
    if (options.foreground === true) child.kill(signal);
    else signalGroup(child, signal);
  };
  const untie = tieToExit(options.foreground === true ? {} : child);
  const onAbort = (): void => kill(command.isolated === true ? 'SIGKILL' : 'SIGTERM');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timer =
    options.timeout === undefined ? undefined : setTimeout(() => kill('SIGKILL'), options.timeout * 1000);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-65536);
  });
  if (child.stderr && options.onLine) eachLine(child.stderr, options.onLine);
  const ended = new Promise<Result<Finished>>((resolve) => {
    const settle = (result: Result<Finished>): void => {
      clearTimeout(timer);
      untie();
      options.signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };
    child.once('error', (cause: NodeJS.ErrnoException) => {
      settle(err(startFailure(command, { code: cause.code, shortMessage: cause.message, stderr })));
    });
    child.once('close', (code, signal) => {
      if (wasMissing(code ?? undefined, stderr)) settle(err(missingTool(command.file)));
      else
        settle(
          ok({ stdout: '', stderr, exitCode: code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0) }),
        );
    });
  });
  return { pid: child.pid, stdin: child.stdin, stdout: child.stdout, kill, ended };
}
