/** The command lines of `mkma run` and `mkma test`. */
import { Command } from '@commander-js/extra-typings';
import { err, ok, type Result } from '../../core/result.js';
import type { BuildSettings } from '../steps/settings.js';
import { QEMU_TOOLS } from '../sys/packages.js';
import { type RunOptions, run } from '../verbs/run.js';
import { type TestOptions, type TestResult, test } from '../verbs/test.js';
import {
  accelOption,
  appendOption,
  cacheOption,
  cpusOption,
  defaultCache,
  memoryOption,
  outputOption,
  timeoutOption,
} from './options.js';
import { type Session, show } from './session.js';
import { ensureTools } from './tools.js';

type Machine = Omit<RunOptions & TestOptions, 'terminal' | 'cache' | 'owner' | 'services'>;

export function runCommand(session: Session, end: (code: number) => void) {
  return new Command('run')
    .summary('boot the images in QEMU, in this terminal')
    .description(
      'Boot the built images in QEMU with this terminal as their console. The virtual disk keeps what the machine writes to it.',
    )
    .addOption(outputOption())
    .option('--window', 'show the screen in a window', false)
    .option('--fresh-disk', 'make a new virtual disk, losing what the machine wrote to the old one', false)
    .option('--dry-run', 'only print the QEMU command', false)
    .addOption(appendOption())
    .addOption(memoryOption())
    .addOption(cpusOption())
    .addOption(accelOption())
    .addOption(cacheOption())
    .option('-y, --yes', 'install missing programs without asking', false)
    .action(async (options) => {
      const tools = await ensureTools(session, QEMU_TOOLS, options.yes);
      if (!tools.ok) return end(show(session, tools));
      end(await boot(session, { ...options, memoryMiB: options.memory }, options.cache));
    });
}

export function testCommand(session: Session, end: (code: number) => void) {
  return new Command('test')
    .summary('boot the images unattended and check them from inside')
    .description(
      'Boot the built images in QEMU unattended, untouched, and check from inside that all is as it should be.',
    )
    .addOption(outputOption())
    .addOption(timeoutOption())
    .addOption(appendOption())
    .addOption(memoryOption())
    .addOption(cpusOption())
    .addOption(accelOption())
    .addOption(cacheOption())
    .option('-y, --yes', 'install missing programs without asking', false)
    .action(async (options) => {
      const tools = await ensureTools(session, QEMU_TOOLS, options.yes);
      if (!tools.ok) return end(show(session, tools));
      end(await check(session, { ...options, memoryMiB: options.memory }, options.cache));
    });
}

/** What --qemu-test asks for after a build: `run` where there is a terminal, `test` where there is none. */
export async function bootAfterBuild(
  session: Session,
  settings: BuildSettings,
  accel: Machine['accel'],
  yes: boolean,
): Promise<number> {
  const tools = await ensureTools(session, QEMU_TOOLS, yes);
  if (!tools.ok) return show(session, tools);
  const machine = { output: settings.output, accel };
  return session.interactive
    ? boot(session, machine, settings.cache)
    : check(session, machine, settings.cache);
}

async function boot(session: Session, machine: Machine, cache: string | undefined): Promise<number> {
  const done = await run(
    { ...common(session, cache), ...machine, terminal: session.interactive },
    session.context,
  );
  if (!done.ok) return show(session, done);
  const { seconds, command } = done.value;
  return show(session, ok({ ...done.value, lines: seconds === undefined ? [command] : [] }));
}

async function check(session: Session, machine: Machine, cache: string | undefined): Promise<number> {
  const done = await test({ ...common(session, cache), ...machine }, session.context);
  return show(session, told(done), (result) => !result.passed);
}

function common(session: Session, cache: string | undefined) {
  const { caller, env } = session;
  return { cache: cache ?? defaultCache(caller.root, env), owner: caller.owner };
}

function told(done: Result<TestResult>): Result<TestResult & { lines: string[] }> {
  if (!done.ok) return err(done.problem);
  const { checks, passed, seconds, accel, console } = done.value;
  const failed = checks.filter((check) => !check.ok).length;
  const lines = checks.map(
    ({ ok, name, detail }) => `${ok ? 'ok    ' : 'NOT OK'}  ${name}${detail ? `: ${detail}` : ''}`,
  );
  const verdict = passed
    ? `passed: ${checks.length} checks`
    : `FAILED: ${failed} of ${checks.length} checks; the console: ${console}`;
  return ok({ ...done.value, lines: [...lines, '', `${verdict} (${Math.round(seconds)} s, ${accel})`] });
}
