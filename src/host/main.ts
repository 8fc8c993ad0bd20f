#!/usr/bin/env node
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
/** mkma on the building host: arguments in, exit code out. The only place that ends the process. */
import type { Problem } from '../core/result.js';
import { dropEmpty, earlyFlags } from './cli/early-flags.js';
import type { Session } from './cli/session.js';
import { choosePrinter } from './report/choose.js';
import { readCaller } from './sys/caller.js';
import { MAKE_SPACE, roomLines } from './sys/no-space.js';
import { tooFewOpenFiles } from './sys/open-files.js';
import { hasOwnUserNamespace } from './sys/user-namespace.js';

const argv = process.argv.slice(2);
const { env, stdin, stdout, stderr } = process;
dropEmpty(env);
// The content of an image must not depend on the caller's umask.
process.umask(0o022);

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
for (const stream of [stdout, stderr]) {
  // A reader that closes the pipe (`mkma inspect --files | head`) misses the rest; the work continues, and
  // its exit code counts.
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE' && cause.code !== 'EIO') throw cause;
  });
}

const flags = earlyFlags(argv);
const printer = choosePrinter(stdout, stderr, {
  ...flags,
  noColour: env.NO_COLOR !== undefined && env.NO_COLOR !== '',
  terminalName: env.TERM,
});
const session: Omit<Session, 'ownMounts'> = {
  context: { emit: printer.emit, signal: interrupt.signal },
  printer,
  caller: readCaller(env, hasOwnUserNamespace(env)),
  env,
  json: flags.json,
  interactive: stdin.isTTY === true && stderr.isTTY === true,
};

type SystemError = Error & { readonly code?: unknown; readonly path?: unknown };

/** Errors of the operating system that no step handled: the user's or the machine's, not bugs. */
function systemProblem(cause: SystemError): Problem {
  const full = cause.code === 'ENOSPC' || cause.code === 'EDQUOT';
  return {
    code: full ? 'no-space' : 'file-operation-failed',
    what: 'a file operation failed',
    ...(typeof cause.path === 'string' ? { where: cause.path } : {}),
    why: [
      cause.message,
      ...(full && typeof cause.path === 'string' ? roomLines(dirname(cause.path)) : []),
    ].join('\n'),
    next: full ? MAKE_SPACE : 'correct that and try again',
  };
}

function bug(cause: unknown): Problem {
  const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return {
    code: 'bug',
    what: 'a bug in mkma',
    why,
    next: 'please report it, with the command and this output',
  };
}

/**
 * What ends programs and mounts. Loading the command line takes time and more open files than some hosts
 * allow: it comes later.
 */
async function loadSystem() {
  const [mounts, users, trial, remove, run] = await Promise.all([
    import('./sys/own-mounts.js'),
    import('./sys/own-users.js'),
    import('./sys/try-users.js'),
    import('./sys/remove.js'),
    import('./sys/run.js'),
  ]);
  return { ...mounts, ...users, ...trial, ...remove, ...run };
}

type System = Awaited<ReturnType<typeof loadSystem>>;

/** Commands that mount, or run functions of a definition that may. */
const APART = ['build', 'lock', 'install', 'generations'];
/** Commands that read or change trees of machines: a plain user is root of a user namespace there. */
const AS_ROOT = ['build', 'lock', 'shell', 'clean', 'install', 'export'];

/** They get namespaces of their own, unless they have them or fail anyway. */
async function runApart(system: System, ownMounts: boolean): Promise<number | undefined> {
  const { root } = session.caller;
  if (!(root ? APART : AS_ROOT).includes(argv[0] ?? '') || ownMounts) return undefined;
  const { signal } = interrupt;
  const possible = await (root ? system.canHaveOwnMounts(signal) : system.tryOwnUsers(signal));
  if (!possible.ok) return undefined;
  const self = fileURLToPath(import.meta.url);
  const again = root ? system.runWithOwnMounts : system.runWithOwnUsers;
  const ended = await again(self, argv, env, signal);
  if (ended.ok && (ended.value.exitCode <= 128 || ended.value.exitCode === 130)) return ended.value.exitCode;
  // Of several signals one may have come when that one no longer waited for any: it was still interrupted.
  if (ended.ok && signal.aborted) throw new system.Interrupted();
  const problem = ended.ok ? bySignal(ended.value.exitCode - 128) : ended.problem;
  printer.problem(problem);
  return 1;
}

function bySignal(signal: number): Problem {
  const why = `by signal ${signal}`;
  return { code: 'ended-by-signal', what: 'mkma was ended', why, next: 'run it again; it starts over' };
}

async function main(): Promise<number> {
  const few = tooFewOpenFiles();
  if (few !== undefined) {
    printer.problem(few);
    return 1;
  }
  const system = await loadSystem();
  const ownMounts = system.hasOwnMounts(env) || session.caller.rootless;
  try {
    const apart = await runApart(system, ownMounts);
    if (apart !== undefined) return apart;
    const { runProgram } = await import('./cli/program.js');
    return await runProgram(argv, { ...session, ownMounts }, (text) => stdout.write(text));
  } catch (cause) {
    if (cause instanceof system.Interrupted || interrupt.signal.aborted) {
      const next = 'nothing incomplete was left; run it again to start over';
      printer.problem({ code: 'interrupted', what: 'interrupted', next });
      return 130;
    }
    if (cause instanceof system.MountInTree) {
      printer.problem(cause.problem);
      return 1;
    }
    const ofSystem = cause instanceof Error && 'syscall' in cause && 'code' in cause;
    printer.problem(ofSystem ? systemProblem(cause) : bug(cause));
    return 1;
  } finally {
    printer.close();
  }
}

/** Waits until all output is written: a pipe accepts it in pieces. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

const code = await main();
await Promise.all([drained(stdout), drained(stderr)]);
process.exit(code);
