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
import { layersCommand } from './layers.js';
import { newCommand } from './new.js';
import { configOption, outputOption, presetOption } from './options.js';
import { runCommand, testCommand } from './qemu.js';
import { fail, type Session, show } from './session.js';
import { summaryCommand } from './summary.js';
import { warnWhereMeant } from './warn-of-change.js';

const EXAMPLES = `
Examples:
  mkma new --preset server        write the definition of a machine, to be changed
  sudo mkma build                 build what mkma.config.ts defines, or the console machine, into mkma_images/
  sudo mkma build kiosk --refresh build it as "kiosk", with the newest packages
  mkma run                        boot it in QEMU, in this terminal
  mkma test                       boot it unattended and check it from inside

On a machine that mkma built, persist, status and layers look after the running system: mkma status --help.

Exit codes: 0 success, 1 the work failed, 2 wrong usage, 130 interrupted.`;

/** What a program prints by itself: its help, and what it complains of. */
interface Streams {
  readonly out: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** The whole command line; `end` takes the exit code. */
export function makeProgram(session: Session, end: (code: number) => void, streams: Streams): Command {
  const program = new Command('mkma')
    .description(
      'Make a GNU/Linux machine the way its owner likes it: a Debian image that boots whole into RAM.',
    )
    .version(VERSION)
    .addHelpText('after', EXAMPLES)
    .helpCommand(false)
    .enablePositionalOptions();
  const verbs = [
    newCommand,
    summaryCommand,
    buildCommand,
    runCommand,
    testCommand,
    bootEntryCommand,
    shellCommand,
    inspectCommand,
    layersCommand,
    doctorCommand,
  ];
  for (const verb of verbs) {
    // Each has its own types of arguments and options; here they are commands and nothing more.
    const command = verb(session, end) as unknown as CommandUnknownOpts;
    for (const one of command.commands.length > 0 ? command.commands : [command]) {
      // What a shell prints is its own.
      if (verb !== shellCommand)
        one.option('--json', 'events as JSON lines on stderr, the result as JSON on stdout');
      one.option('-v, --verbose', 'show what the tools print');
    }
    program.addCommand(command);
  }
  const completion = new Command('completion')
    .summary('completion for bash and zsh')
    .description(
      'Print the completion of mkma for bash: source <(mkma completion). zsh takes it after bashcompinit.',
    )
    .action(() => streams.out(completionOf(program as CommandUnknownOpts)));
  program.addCommand(completion);
  for (const command of [program as CommandUnknownOpts, ...program.commands.flatMap(withOwn)]) {
    command.exitOverride().showHelpAfterError(false);
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

/** A command and those below it. */
function withOwn(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands];
}

/** The words by which the arguments name a command: `mkma layers show`. */
function commandOf(program: CommandUnknownOpts, argv: readonly string[]): string {
  const own = program.commands.find((command) => command.name() === argv[0]);
  const below = own === undefined ? '' : ` ${commandOf(own, argv.slice(1))}`;
  return program.name() + below;
}

/** Options of earlier versions, and why there are none any more. */
const GONE: Readonly<Record<string, string>> = {
  '--long': 'it made base.cpio.zst 2 % smaller, and loading it took up to 64 MiB more RAM for each processor',
};

/** commander's codes of errors that have one of their own here. */
const CODES: Readonly<Record<string, ProblemCode>> = {
  'commander.unknownCommand': 'unknown-command',
  'commander.unknownOption': 'unknown-option',
};

/** A usage error of the command line as a problem; without any command, the help. */
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
      next: 'name one of those above',
      kind: 'usage',
    };
  }
  const gone = cause.code === 'commander.unknownOption' ? argv.find((word) => word in GONE) : undefined;
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
    next: `${near === undefined ? '' : `did you mean ${near}? `}${command} --help lists what there is`,
    ...(near === undefined ? {} : { suggestion: near }),
  };
}

function shellCommand(session: Session, end: (code: number) => void) {
  return new Command('shell')
    .summary('a shell in chroot/')
    .description(
      'Open a shell (or run a command) in chroot/. Needs root. What you change is packed by the next build.',
    )
    .argument('[command...]', 'command to run instead of a shell')
    .addOption(outputOption())
    .addOption(configOption())
    .addOption(presetOption())
    .passThroughOptions()
    .action(async (command, options) => {
      const { caller, env } = session;
      if (!caller.root) {
        return end(
          fail(session, {
            code: 'needs-root',
            what: 'entering chroot/ needs root',
            next: 'sudo ./mkma shell',
          }),
        );
      }
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
    .summary('what an image is and holds')
    .description('Tell what an image file is and holds, verifying its checksums.')
    .argument('<file>', 'base.cpio.zst, initramfs.cpio.zst or another cpio archive in zstd')
    .option('--files', 'list every file in it', false)
    .action(async (file, options) => {
      end(show(session, await inspect({ file, files: options.files }, session.context)));
    });
}

function doctorCommand(session: Session, end: (code: number) => void) {
  return new Command('doctor')
    .summary('what is missing on this host')
    .description(
      'Tell what is missing on this host, and the one command that installs it; or, for a definition, what the hardware of this machine needs.',
    )
    .option('--install', 'install it (as root)', false)
    .addOption(
      new Option('--hardware', 'print the fragments, firmware and modules for this machine')
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
