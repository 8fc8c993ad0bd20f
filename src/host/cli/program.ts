/** The whole command line: verbs, help, and usage errors as problems. */

import { Command, CommanderError, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import type { ProblemCode } from '../../core/problems/codes.js';
import type { Problem } from '../../core/result.js';
import { completionOf } from '../reference/reference.js';
import { PROXY_VARIABLES, pick } from '../sys/environment.js';
import { doctor } from '../verbs/doctor.js';
import { hardware } from '../verbs/hardware.js';
import { inspect } from '../verbs/inspect.js';
import { shell } from '../verbs/shell.js';
import { VERSION } from '../version.js';
import { bootEntryCommand } from './boot-entry.js';
import { buildCommand } from './build.js';
import { cleanCommand } from './clean.js';
import { diffCommand } from './diff.js';
import { exportCommand } from './export.js';
import { generationsCommand } from './generations.js';
import { describeOption } from './help.js';
import { installCommand } from './install.js';
import { layersCommand } from './layers.js';
import { lockCommand } from './lock.js';
import { requireBuilder } from './may-build.js';
import { newCommand } from './new.js';
import { builtFromOption, builtFromPresetOption, outputOption } from './options.js';
import { runCommand, testCommand } from './qemu.js';
import { fail, type Session, show } from './session.js';
import { summaryCommand } from './summary.js';
import { warnWhereMeant } from './warn-of-change.js';

const EXAMPLES = `
Examples:
  mkma new --preset server        write a definition to start from
  mkma build                      build the machine of mkma.config.ts (or the preset console) into mkma_images/
  mkma build kiosk --refresh      build it with the hostname kiosk and the newest packages
  mkma run                        boot it in QEMU, in this terminal
  mkma test                       boot it unattended and check it from inside

On a machine that mkma built, persist, status and layers act on the running system: mkma status --help.

Exit codes: 0 success, 1 the work failed, 2 wrong usage, 130 interrupted.`;

const JSON_HELP = 'print events as JSON lines on stderr and the result as JSON on stdout';

/** When a command accepts --json; the others always do. */
const JSON_CONDITION: Readonly<Record<string, string>> = { run: 'with --dry-run or --window: ' };

/** What the parser itself prints: help, and usage errors. */
interface Streams {
  readonly out: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** The whole command line; `end` receives the exit code. */
export function makeProgram(session: Session, end: (code: number) => void, streams: Streams): Command {
  const program = new Command('mkma')
    .description('Build, test and maintain Debian system images that boot whole into RAM.')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', EXAMPLES)
    .helpCommand(false)
    .enablePositionalOptions();
  const verbs = [
    newCommand,
    summaryCommand,
    buildCommand,
    lockCommand,
    runCommand,
    testCommand,
    bootEntryCommand,
    installCommand,
    exportCommand,
    shellCommand,
    inspectCommand,
    diffCommand,
    layersCommand,
    generationsCommand,
    cleanCommand,
    doctorCommand,
  ];
  for (const verb of verbs) {
    // Each has its own types of arguments and options; here they are commands and nothing more.
    const command = verb(session, end) as unknown as CommandUnknownOpts;
    for (const one of command.commands.length > 0 ? command.commands : [command]) {
      // What a shell prints is its own.
      if (verb !== shellCommand) one.option('--json', `${JSON_CONDITION[one.name()] ?? ''}${JSON_HELP}`);
      one.option('-v, --verbose', 'show the output of the programs that mkma runs');
    }
    program.addCommand(command);
  }
  const completion = new Command('completion')
    .summary('print the shell completion script (bash, zsh)')
    .description(
      'Print the completion script for bash: source <(mkma completion). In zsh, run bashcompinit first.',
    )
    .action(() => streams.out(completionOf(program as CommandUnknownOpts)));
  program.addCommand(completion);
  for (const command of [program as CommandUnknownOpts, ...program.commands.flatMap(withOwn)]) {
    command.exitOverride().showHelpAfterError(false).helpOption('-h, --help', 'print this help');
    command.configureHelp({ optionDescription: describeOption });
    command.configureOutput({ writeOut: streams.out, writeErr: streams.complain });
  }
  return program;
}

/** Run the command line; resolves to the exit code. Throws what is a bug, and Interrupted. */
export async function runProgram(
  argv: readonly string[],
  session: Session,
  out: (text: string) => void,
): Promise<number> {
  let code = 0;
  const end = (value: number): void => {
    code = value;
  };
  let complaint = '';
  const complainTo = (text: string): void => {
    complaint += text;
  };
  const program = makeProgram(session, end, { out, complain: complainTo });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    if (cause.exitCode === 0) return 0;
    return fail(session, complain(cause, complaint, argv, commandOf(program, argv), out));
  }
}

/** A command and its subcommands. */
function withOwn(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands];
}

/** The command that the arguments name: `mkma layers show`. */
function commandOf(program: CommandUnknownOpts, argv: readonly string[]): string {
  const own = program.commands.find((command) => command.name() === argv[0]);
  const below = own === undefined ? '' : ` ${commandOf(own, argv.slice(1))}`;
  return program.name() + below;
}

/** Options of earlier versions, and why they were removed. */
const GONE: Readonly<Record<string, string>> = {
  '--long': 'it made base.cpio.zst 2 % smaller, but loading it took up to 64 MiB more RAM per processor',
};

/** Errors of commander that have a code of their own here. */
const CODES: Readonly<Record<string, ProblemCode>> = {
  'commander.unknownCommand': 'unknown-command',
  'commander.unknownOption': 'unknown-option',
  'commander.conflictingOption': 'exclusive-options',
};

/** A usage error as a problem; without any command, prints the help. */
function complain(
  cause: CommanderError,
  complaint: string,
  argv: readonly string[],
  command: string,
  out: (text: string) => void,
): Problem {
  if (cause.code === 'commander.help') {
    out(complaint);
    return {
      code: 'no-command',
      what: 'no command was given',
      next: 'use one of those above',
      kind: 'usage',
    };
  }
  const gone =
    cause.code === 'commander.unknownOption' ? argv.find((word) => Object.hasOwn(GONE, word)) : undefined;
  if (gone !== undefined) {
    const what = `the option ${gone} no longer exists`;
    return { kind: 'usage', code: 'option-removed', what, why: GONE[gone] ?? '', next: 'leave it out' };
  }
  const [first = cause.message, hint = ''] = complaint.trim().split('\n');
  const near = /Did you mean (.*)\?/.exec(hint)?.[1];
  return {
    kind: 'usage',
    code: CODES[cause.code] ?? 'arguments-invalid',
    what: first.replace(/^error: /, ''),
    next: `${near === undefined ? '' : `did you mean ${near}? `}see ${command} --help`,
    ...(near === undefined ? {} : { suggestion: near }),
  };
}

function shellCommand(session: Session, end: (code: number) => void) {
  return new Command('shell')
    .summary('open a shell in chroot/')
    .description(
      'Open a shell in chroot/, or run a command there. The next build packs your changes. Requires root, or subordinate ids (subuid(5)).',
    )
    .argument('[command...]', 'command to run instead of a shell')
    .addOption(outputOption())
    .addOption(builtFromOption())
    .addOption(builtFromPresetOption())
    .passThroughOptions()
    .action(async (command, options) => {
      const { caller, env } = session;
      const allowed = await requireBuilder(session, 'shell');
      if (!allowed.ok) return end(fail(session, allowed.problem));
      const warned = warnWhereMeant(session, options);
      if (!warned.ok) return end(fail(session, warned.problem));
      const terminal = env.TERM ?? 'dumb';
      const fetching = pick(env, PROXY_VARIABLES);
      const done = await shell(
        { output: options.output, command, terminal, fetching, owner: caller.owner },
        session.context,
      );
      end(done.ok ? done.value.exitCode : fail(session, done.problem));
    });
}

function inspectCommand(session: Session, end: (code: number) => void) {
  return new Command('inspect')
    .summary('show what an image contains')
    .description('Show what an image file contains and verify its checksums.')
    .argument('<file>', 'a base, a layer, initramfs.cpio.zst, or any other cpio archive compressed with zstd')
    .option('--files', 'list every file in it', false)
    .action(async (file, options) => {
      end(show(session, await inspect({ file, files: options.files }, session.context)));
    });
}

function doctorCommand(session: Session, end: (code: number) => void) {
  return new Command('doctor')
    .summary('report what is missing on this host')
    .description(
      'Report which programs are missing on this host and the command that installs them. With --hardware, suggest what a definition requires for the hardware of this host.',
    )
    .option('--install', 'install what is missing; requires root', false)
    .addOption(
      new Option('--hardware', 'print the fragments, firmware and kernel modules for this host')
        .default(false)
        .conflicts('install'),
    )
    .addOption(outputOption())
    .action(async (options) => {
      const { install, output } = options;
      const { env, caller } = session;
      if (options.hardware) return end(show(session, await hardware({ env, output }, session.context)));
      const done = await doctor({ env, install, root: caller.root }, session.context);
      end(show(session, done, (diagnosis) => !diagnosis.healthy));
    });
}
