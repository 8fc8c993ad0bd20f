/** The command line: verbs, help, and exit codes. */
import { buildApplication, buildRouteMap, run, type StricliProcess } from '@stricli/core';
import { autoPersist } from './auto/command.js';
import { makeDerivedCommand } from './derived/command.js';
import { generationsRoutes } from './generations/command.js';
import { layersRoutes } from './layers/command.js';
import { persistCommand } from './persist/command.js';
import { revertCommand } from './revert/command.js';
import { type Context, Failed, type Session } from './session.js';
import { statusCommand } from './status/command.js';
import { complaint, TEXT } from './usage.js';

const application = buildApplication<Context>(
  buildRouteMap({
    routes: {
      persist: persistCommand,
      layers: layersRoutes,
      generations: generationsRoutes,
      revert: revertCommand,
      status: statusCommand,
      'make-derived': makeDerivedCommand,
    },
    docs: {
      // Of a unit, not of people.
      hideRoute: { 'make-derived': true },
      brief: 'Inspect a machine that runs from RAM, and save its changes.',
      fullDescription:
        'Inspect a machine that runs from RAM, and save its changes.\n\nExit codes: 0 success, 1 the work failed, 2 wrong usage, 3 saved, but some files not as they were at one moment, 130 interrupted.',
    },
  }),
  {
    name: 'mkma',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    determineExitCode: exitCodeOf,
    documentation: { disableAnsiColor: true },
    localization: { defaultLocale: 'en', loadText: () => TEXT },
  },
);

const WITH_SUBCOMMANDS = ['layers', 'generations'];

/** Runs the command line; resolves to the exit code. */
export async function runProgram(argv: readonly string[], session: Session): Promise<number> {
  const { out, err } = session.terminal;
  const process: StricliProcess = { stdout: { write: out }, stderr: { write: err } };
  // A command with subcommands is none by itself.
  const none = argv.length === 0 || (argv.length === 1 && WITH_SUBCOMMANDS.includes(argv[0] as string));
  const saveByItself: Context['saveByItself'] = (occasion, json) => autoPersist(session, occasion, json);
  await run(application, none ? [...argv, '--help'] : argv, { process, ...session, saveByItself });
  if (none) {
    err(
      `${complaint({ code: 'no-command', what: 'no command was given', next: 'use one of those above' })}\n`,
    );
    return 2;
  }
  // Negative: the parser refused the command line.
  const code = Number(process.exitCode ?? 0);
  return code < 0 ? 2 : code;
}

function exitCodeOf(cause: unknown): number {
  if (!(cause instanceof Failed)) return 1;
  return { usage: 2, interrupted: 130, partial: 3, failure: 1 }[cause.problem.kind ?? 'failure'];
}
