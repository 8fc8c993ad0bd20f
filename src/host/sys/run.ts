/**
 * Runs other programs: to their end or with their streams; failures name the command line to repeat by hand.
 */
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';
import { type Command, nameOf, repeatText, wasMissing } from './command.js';
import { type Ending, launch, type RunOptions, type StartOptions } from './launch.js';
import { NO_SPACE } from './no-space.js';
import { hostTool } from './packages.js';
import { traceStart } from './trace.js';

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
  const { child, ended, trace } = begin(command, { ...options, stdout: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
    });
    if (options.onLine !== undefined) eachLine(child[name], discreetly(command, options.onLine));
  }
  const ending = await ended;
  const { code, signal, cause, timedOut } = ending;
  const { stdout, stderr } = output;
  trace(codeOf(ending), options.onLine === undefined ? stderr : '');
  if (options.signal?.aborted) throw new Interrupted();
  if (timedOut) return err(tooSlow(command, options.timeout, stderr));
  if (wasMissing(code ?? undefined, stderr)) return err(missingTool(command.file));
  if (code === null || cause !== undefined) {
    return err(startFailure(command, { code: cause?.code, signal, shortMessage: cause?.message, stderr }));
  }
  return ok({ stdout, stderr, exitCode: code });
}

function begin(command: Command, options: StartOptions) {
  if (options.signal?.aborted) throw new Interrupted();
  return { trace: traceStart(command), ...launch(command, options) };
}

/** 128 + n if signal n ended it; `undefined` if it was not started. */
function codeOf({ code, signal, cause }: Ending): number | undefined {
  if (cause !== undefined) return undefined;
  return code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0);
}

/** A program with secrets may print them. */
function discreetly({ secretEnv }: Command, onLine: (line: string) => void): (line: string) => void {
  return secretEnv === undefined ? onLine : (line) => onLine(withoutLogins(line));
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
    what: `${nameOf(command)} was ended${result.signal === undefined ? '' : ` by ${result.signal}`}`,
    why: withoutLogins(lastLines(result.stderr) || result.shortMessage || ''),
    next: repeatText(command),
  };
}

function tooSlow(command: Command, seconds: number | undefined, stderr: string): Problem {
  return {
    code: 'program-timed-out',
    what: `${nameOf(command)} did not end within ${seconds} seconds`,
    why: withoutLogins(lastLines(stderr)),
    next: repeatText(command),
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
  const failed = { what: `${nameOf(command)} failed (exit code ${finished.exitCode})`, why: words };
  return NO_SPACE.test(words)
    ? { ...failed, code: 'no-space', next: `free some space, and ${repeatText(command)}` }
    : { ...failed, code: 'program-failed', next: repeatText(command) };
}

function lastLines(text: string, count = 8): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

function eachLine(stream: Readable | null | undefined, onLine: (line: string) => void): void {
  let rest = '';
  // Without a free file descriptor there are no streams.
  if (stream === null || stream === undefined) return;
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

/**
 * Start a program and leave its streams to the caller. It is ended with mkma, and when the signal is aborted.
 */
export function start(command: Command, options: StartOptions = {}): Running {
  const { child, kill, ended, trace } = begin(command, options);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-65536);
  });
  if (options.onLine !== undefined) eachLine(child.stderr, options.onLine);
  const finished = ended.then((ending): Result<Finished> => {
    const { code, cause, timedOut } = ending;
    trace(codeOf(ending), options.onLine === undefined ? stderr : '');
    if (timedOut) return err(tooSlow(command, options.timeout, stderr));
    if (cause !== undefined) {
      return err(startFailure(command, { code: cause.code, shortMessage: cause.message, stderr }));
    }
    if (wasMissing(code ?? undefined, stderr)) return err(missingTool(command.file));
    return ok({ stdout: '', stderr, exitCode: codeOf(ending) ?? 0 });
  });
  return { pid: child.pid, stdin: child.stdin, stdout: child.stdout, kill, ended: finished };
}
