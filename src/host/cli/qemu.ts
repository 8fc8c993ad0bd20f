/** The command lines of `mkma run` and `mkma test`. */
import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { ok, type Problem } from '../../core/result.js';
import { packageNameOf } from '../definition/package-names.js';
import { type ResolvedMachine, resolveMachine } from '../definition/resolve.js';
import { whereOf } from '../definition/where.js';
import type { GivenTest } from '../machine-tests/given.js';
import { SOUND_PACKAGES } from '../machine-tests/machine.js';
import { firmwareTools } from '../qemu/firmware.js';
import { chosenMedium, refuseWithoutMedium } from '../qemu/medium.js';
import { checkDiskChoice, checkPresent } from '../qemu/own-disks.js';
import { type ExpectedServices, expectedServices } from '../qemu/services.js';
import { QEMU_IMG, QEMU_TOOLS, QEMU_WINDOW } from '../sys/packages.js';
import { GRAPHICS_CARDS, hasWindow } from '../tools/qemu.js';
import type { TestOptions } from '../verbs/check-machine.js';
import { run } from '../verbs/run.js';
import type { RunOptions } from '../verbs/run-machine.js';
import { test } from '../verbs/test.js';
import {
  busOption,
  dataDiskOption,
  diskOption,
  firmwareOption,
  mediumOption,
  nvramOption,
} from './disk-options.js';
import {
  accelOption,
  appendOption,
  builtFromOption,
  builtFromPresetOption,
  configOption,
  cpusOption,
  defaultCache,
  forwardOption,
  memoryOption,
  outputOption,
  presetOption,
  timeoutOption,
  trialCacheOption,
  uuidOption,
} from './options.js';
import { firstLine } from './passphrase.js';
import { fail, type Session, type Shown, show } from './session.js';
import { checkJUnit, describeTests, writeJUnit } from './test-report.js';
import { ensureTools } from './tools.js';
import { warnOfChange, warnWhereMeant } from './warn-of-change.js';

type ToRun = Omit<RunOptions, 'terminal' | 'cache' | 'owner'>;
type ToTest = Omit<TestOptions, 'cache' | 'owner'>;

export function runCommand(session: Session, end: (code: number) => void) {
  return new Command('run')
    .summary('boot the images in QEMU, in this terminal')
    .description(
      'Boot the images in QEMU, with this terminal as the console. The virtual disk keeps what the machine writes to it.',
    )
    .addOption(outputOption())
    .addOption(builtFromOption())
    .addOption(builtFromPresetOption())
    .addOption(mediumOption())
    .addOption(diskOption())
    .addOption(dataDiskOption())
    .addOption(busOption('disk controller (default: virtio; with --medium as there)'))
    .addOption(
      firmwareOption(
        'start the boot loader of --medium or of the first --disk, as a real machine does, instead of the kernel in the images folder (default with --medium: uefi if the package ovmf is installed, else bios)',
      ),
    )
    .addOption(nvramOption())
    .addOption(forwardOption())
    .option('--network', 'enable outbound network access', false)
    .option('--window', 'show the screen of the machine in a window', false)
    .option('--fresh-disk', 'replace the virtual disk; what the machine wrote to it is lost', false)
    .option('--dry-run', 'print the QEMU command and exit', false)
    .addOption(appendOption())
    .addOption(memoryOption())
    .addOption(cpusOption())
    .addOption(uuidOption())
    .addOption(accelOption())
    .addOption(trialCacheOption())
    .option('-y, --yes', 'install missing programs without asking', false)
    .action(async (options) => {
      if (session.json && !options.dryRun && !options.window) return end(fail(session, consoleOnStdout));
      const { memory, disk, forward } = options;
      const medium = chosenMedium(options);
      if (!medium.ok) return end(fail(session, medium.problem));
      const choice = medium.value === undefined ? checkDiskChoice({ ...options, disks: disk }) : ok();
      if (!choice.ok) return end(fail(session, choice.problem));
      const data = checkPresent('--data-disk', options.dataDisk);
      if (!data.ok) return end(fail(session, data.problem));
      const warned = medium.value === undefined ? warnWhereMeant(session, options) : ok();
      if (!warned.ok) return end(fail(session, warned.problem));
      const needed = [
        ...QEMU_TOOLS,
        ...firmwareTools(medium.value?.firmware ?? options.firmware),
        ...(options.window && !(await hasWindow(session.context.signal)) ? [QEMU_WINDOW] : []),
      ];
      const tools = await ensureTools(session, needed, options.yes);
      if (!tools.ok) return end(fail(session, tools.problem));
      end(
        await boot(
          session,
          {
            ...{ ...options, memoryMiB: memory, disks: disk, dataDisks: options.dataDisk, forwards: forward },
            medium: medium.value,
            sessionFolder: session.env.XDG_RUNTIME_DIR,
          },
          options.cache,
        ),
      );
    });
}

export function testCommand(session: Session, end: (code: number) => void) {
  return new Command('test')
    .summary('boot the images unattended and check them from inside')
    .description(
      "Boot the images unattended in QEMU, without changing them, and check the machine from inside; then run the definition's tests.",
    )
    .addOption(outputOption())
    .addOption(configOption())
    .addOption(presetOption())
    .addOption(
      new Option(
        '--test <name>',
        "run only those of the definition's tests whose name contains this text; repeatable",
      ).argParser((word: string, before: readonly string[] = []) => [...before, word]),
    )
    .option('--junit <file>', 'also write the results to this file, as JUnit XML')
    .addOption(mediumOption())
    .addOption(busOption('controller of the medium'))
    .option('--passphrase-file <file>', 'file whose first line opens an encrypted medium')
    .addOption(
      firmwareOption(
        'firmware that boots the medium (default: uefi if the package ovmf is installed, else bios)',
      ),
    )
    .addOption(nvramOption())
    .addOption(
      new Option('--graphics <card>', 'graphics card of the virtual machine')
        .choices(GRAPHICS_CARDS)
        .default('std' as const),
    )
    .option(
      '--artifacts <folder>',
      'keep all screenshots that tests take in this folder, not only those of failed tests',
    )
    .addOption(dataDiskOption())
    .addOption(timeoutOption())
    .addOption(appendOption())
    .addOption(memoryOption())
    .addOption(cpusOption())
    .addOption(accelOption())
    .addOption(trialCacheOption())
    .option('-y, --yes', 'install missing programs without asking', false)
    .action(async (options) => {
      const { junit, test: only, memory: memoryMiB, graphics: card, dataDisk: dataDisks } = options;
      const alone = refuseWithoutMedium(options);
      if (!alone.ok) return end(fail(session, alone.problem));
      const medium = chosenMedium(options);
      if (!medium.ok) return end(fail(session, medium.problem));
      const { passphraseFile } = options;
      const passphrase = passphraseFile === undefined ? ok(undefined) : firstLine(passphraseFile);
      if (!passphrase.ok) return end(fail(session, passphrase.problem));
      const data = checkPresent('--data-disk', dataDisks);
      if (!data.ok) return end(fail(session, data.problem));
      const artifacts = options.artifacts === undefined ? undefined : resolve(options.artifacts);
      const resolved = await resolveMachine(options);
      if (!resolved.ok) return end(fail(session, resolved.problem));
      const folder = checkJUnit(junit);
      if (!folder.ok) return end(fail(session, folder.problem));
      const needed = medium.value === undefined ? [] : [QEMU_IMG, ...firmwareTools(medium.value.firmware)];
      const tools = await ensureTools(session, [...QEMU_TOOLS, ...needed], options.yes);
      if (!tools.ok) return end(fail(session, tools.problem));
      if (medium.value === undefined) warnOfChange(session, options);
      const asked = askedOf(resolved.value);
      end(
        await check(
          session,
          {
            ...{ ...options, ...asked, memoryMiB, only, card, artifacts, dataDisks },
            ...{ medium: medium.value, passphrase: passphrase.value },
          },
          options.cache,
          junit,
        ),
      );
    });
}

/** What a definition requires of the booted machine. */
export interface Asked {
  readonly services: ExpectedServices;
  /** The definition's tests, each with its place in the definition. */
  readonly tests: readonly GivenTest[];
  /** Whether the machine plays sound. */
  readonly plays: boolean;
}

export function askedOf({ machine, merged }: ResolvedMachine): Asked {
  const tests = machine.tests.map((test, i) => ({
    ...test,
    where: whereOf(merged.originOf(['tests', i, 'name'])),
  }));
  const names = machine.packages.map(packageNameOf);
  const plays = names.some((name) => SOUND_PACKAGES.includes(name));
  return { services: expectedServices(machine), tests, plays };
}

/** Implements --qemu-test: `run` in a terminal; `test` without one, or with --json. */
export async function bootAfterBuild<T extends Shown>(
  session: Session,
  built: T,
  machine: ToRun & ToTest,
  cache: string | undefined,
  { yes, offline }: { readonly yes: boolean; readonly offline: boolean },
): Promise<number> {
  const tools = await ensureTools(session, QEMU_TOOLS, yes, undefined, offline);
  if (!tools.ok) return fail(session, tools.problem);
  if (session.json) {
    const tested = describeTests(await test({ ...common(session, cache), ...machine }, session.context));
    if (!tested.ok) return fail(session, tested.problem);
    const { lines, ...verdict } = tested.value;
    return show(session, ok({ ...built, test: verdict, lines }), () => !verdict.passed);
  }
  show(session, ok(built));
  return session.interactive ? boot(session, machine, cache) : check(session, machine, cache);
}

const consoleOnStdout: Problem = {
  code: 'exclusive-options',
  what: 'mkma run does not support JSON',
  where: '--json',
  why: "stdout shows the machine's console",
  next: 'use mkma test --json, or mkma run --dry-run --json',
  kind: 'usage',
};

async function boot(session: Session, machine: ToRun, cache: string | undefined): Promise<number> {
  const done = await run(
    { ...common(session, cache), ...machine, terminal: session.interactive },
    session.context,
  );
  if (!done.ok) return show(session, done);
  const { seconds, command } = done.value;
  return show(session, ok({ ...done.value, lines: seconds === undefined ? [command] : [] }));
}

async function check(
  session: Session,
  machine: ToTest,
  cache: string | undefined,
  junit?: string,
): Promise<number> {
  const done = await test({ ...common(session, cache), ...machine }, session.context);
  const tested = done.ok || done.problem.kind !== 'usage';
  if (junit !== undefined && tested) writeJUnit(junit, done, session.caller.owner);
  return show(session, describeTests(done), (result) => !result.passed);
}

function common(session: Session, cache: string | undefined) {
  const { caller, env } = session;
  return { cache: cache ?? defaultCache(caller.root, env), owner: caller.owner };
}
