#!/usr/bin/env node
/** mkma on the building host: arguments in, exit code out. The only place that ends the process. */
import { runProgram } from './cli/program.js';
import type { Session } from './cli/session.js';
import { choosePrinter } from './report/choose.js';
import { readCaller } from './sys/caller.js';
import { Interrupted } from './sys/run.js';

const argv = process.argv.slice(2);
const before = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
const { env, stdin, stdout, stderr } = process;

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
// A reader that goes away (`mkma inspect --files | head`) is no failure.
stdout.on('error', (cause: NodeJS.ErrnoException) => {
  if (cause.code === 'EPIPE') process.exit(0);
  throw cause;
});

const printer = choosePrinter(stdout, stderr, {
  json: before.includes('--json'),
  verbose: before.includes('--verbose') || before.includes('-v'),
  noColour: (env.NO_COLOR ?? '') !== '',
  terminalName: env.TERM,
});
const session: Session = {
  context: { emit: printer.emit, signal: interrupt.signal },
  printer,
  caller: readCaller(env),
  env,
  interactive: stdin.isTTY === true && stderr.isTTY === true,
};

type SystemError = Error & { readonly code?: unknown; readonly path?: unknown };

/** Failures of the operating system that no step foresaw: a user's fault or a machine's, not a bug. */
function systemProblem(cause: SystemError) {
  const full = cause.code === 'ENOSPC' || cause.code === 'EDQUOT';
  return {
    what: 'a file operation failed',
    ...(typeof cause.path === 'string' ? { where: cause.path } : {}),
    why: cause.message,
    next: full
      ? 'free some space, or name another folder with --output or --cache'
      : 'correct that and try again',
  };
}

async function main(): Promise<number> {
  try {
    return await runProgram(argv, session, (text) => stdout.write(text));
  } catch (cause) {
    if (cause instanceof Interrupted || interrupt.signal.aborted) {
      printer.problem({
        what: 'interrupted',
        next: 'nothing half-made was left; the next run starts afresh',
      });
      return 130;
    }
    if (cause instanceof Error && 'syscall' in cause && 'code' in cause) {
      printer.problem(systemProblem(cause));
      return 1;
    }
    throw cause;
  } finally {
    printer.close();
  }
}

process.exit(await main());
