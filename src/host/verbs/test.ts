/** `mkma test`: boots the built images in QEMU unattended, and checks them from inside. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BootTimes } from '../../core/boot/record.js';
import { ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { Album } from '../machine-tests/album.js';
import { chooseTests, type GivenTest, type TestOutcome } from '../machine-tests/given.js';
import { MachineTests } from '../machine-tests/machine-tests.js';
import { chooseAccel } from '../qemu/accel.js';
import { vmCmdline } from '../qemu/cmdline.js';
import { prepareDisk } from '../qemu/disk.js';
import { makeFolder } from '../qemu/folder.js';
import { type GuestAnswers, type GuestTest, runGuestTest } from '../qemu/guest-test.js';
import { type BuiltImages, defaultCpus, findImages } from '../qemu/images.js';
import type { MachineOptions } from '../qemu/options.js';
import { attachData } from '../qemu/own-disks.js';
import type { Check } from '../qemu/protocol.js';
import type { ExpectedServices } from '../qemu/services.js';
import { checksScript, packScript } from '../qemu/test-script.js';
import { TEST_DISK_SERIAL, testParameters } from '../qemu/test-unit.js';
import { giveTo } from '../sys/files.js';
import { takeLock } from '../sys/lock.js';
import { removeTree } from '../sys/remove.js';
import type { Accelerator, GraphicsCard, Headless, VmConfig } from '../tools/qemu.js';

/** Seconds for boot, checks and power off. */
const TIMEOUT: Record<Accelerator, number> = { tcg: 300, kvm: 120 };

export interface TestOptions extends MachineOptions {
  /** Seconds until the machine must be off again, without those of the definition's tests. */
  readonly timeout?: number | undefined;
  /** What it must run. */
  readonly services: ExpectedServices;
  /** The definition's tests. */
  readonly tests?: readonly GivenTest[] | undefined;
  /** Its graphics card, if there are tests. */
  readonly card?: GraphicsCard | undefined;
  /** Whether it plays sound. */
  readonly plays?: boolean | undefined;
  /**
   * Folder for every picture that tests take, absolute. Default: only those of failures, beside the images.
   */
  readonly artifacts?: string | undefined;
  /** Run only those whose name contains one of these words. */
  readonly only?: readonly string[] | undefined;
}

export interface TestResult {
  /** Whether every check and test is ok: decides the exit code. */
  readonly passed: boolean;
  readonly checks: readonly Check[];
  /** The results of the definition's tests. */
  readonly tests: readonly TestOutcome[];
  /** Seconds from the start of QEMU to its end. */
  readonly seconds: number;
  /** Seconds from the start of QEMU to the login prompt on the console. */
  readonly loginSeconds?: number;
  /** From the kernel's start to the handover. */
  readonly boot?: BootTimes;
  readonly accel: Accelerator;
  /** File with everything the machine printed on its console. */
  readonly console: string;
}

/** Boots and checks the images. A Problem if the boot failed; failed checks and tests are in the result. */
export async function test(options: TestOptions, context: Context): Promise<Result<TestResult>> {
  const tests = chooseTests(options.tests ?? [], options.only);
  if (!tests.ok) return tests;
  const images = findImages(options.output);
  if (!images.ok) return images;
  for (const problem of images.value.warnings) context.emit({ type: 'warning', problem });
  const { append } = options;
  const consoles = ['ttyS0'];
  const line = vmCmdline({ built: images.value.cmdline, consoles, extra: testParameters(), append });
  if (!line.ok) return line;
  const accel = await chooseAccel({ ...options, kernel: images.value.kernel }, context);
  if (!accel.ok) return accel;
  const folder = makeFolder(options.output, 'test', options.owner);
  if (!folder.ok) return folder;
  const taken: Problem = {
    code: 'images-in-use',
    what: 'another mkma test is testing these images',
    where: folder.value,
    next: 'wait for the other mkma test to end',
  };
  const lock = await takeLock(join(folder.value, 'lock'), taken, {
    signal: context.signal,
    owner: options.owner,
  });
  if (!lock.ok) return lock;
  using _held = lock.value;
  // Removes what a killed test may have left, and what this one leaves.
  const scratch = join(folder.value, 'scratch');
  removeTree(scratch);
  try {
    mkdirSync(scratch, { mode: 0o700 });
    const settings = { folder: folder.value, scratch, append: line.value, accel: accel.value.accel };
    return await boot({ ...options, tests: tests.value }, images.value, settings, context);
  } finally {
    removeTree(scratch);
  }
}

interface Settings {
  readonly folder: string;
  readonly scratch: string;
  readonly append: string;
  readonly accel: Accelerator;
}

async function boot(
  options: TestOptions,
  images: BuiltImages,
  settings: Settings,
  context: Context,
): Promise<Result<TestResult>> {
  const { folder, scratch, accel } = settings;
  const { tests: given = [], timeout = TIMEOUT[accel] } = options;
  // What a test saves goes to a disk created for this run.
  const disk = await prepareDisk({ base: images.base, folder: scratch }, context);
  if (!disk.ok) return disk;
  const then = given.length === 0 ? 'poweroff' : 'agent';
  const script = await packScript(scratch, checksScript(options.services, timeout, then), context);
  if (!script.ok) return script;
  const files = {
    disk: disk.value,
    script: script.value,
    console: join(folder, 'console.log'),
    answers: join(scratch, 'answers'),
  };
  writeFileSync(files.console, '');
  giveTo(files.console, options.owner);
  // The path of a socket has at most 107 bytes (unix(7)), wherever the images are.
  const door = mkdtempSync(join(tmpdir(), 'mkma-test-'));
  const headless: Headless = {
    ...{ card: options.card ?? 'std', socket: join(door, 'qmp') },
    sound: options.plays === true ? join(scratch, 'sound.wav') : undefined,
  };
  const machine = machineOf(options, images, settings, { ...files, headless });
  const album = new Album(
    options.artifacts ?? join(folder, 'pictures'),
    options.artifacts !== undefined,
    options.owner,
  );
  const tests =
    given.length === 0
      ? undefined
      : new MachineTests({ tests: given, machine, headless, album, scratch, timeout }, context);
  const guest: GuestTest = { ...files, timeout, machine, afterChecks: tests };
  const begun = performance.now();
  let result: Result<GuestAnswers>;
  try {
    result = await runGuestTest(guest, context);
  } finally {
    removeTree(door);
  }
  if (!result.ok) return result;
  const seconds = (performance.now() - begun) / 1000;
  const outcomes = tests?.outcomes ?? [];
  const passed = [...result.value.checks, ...outcomes].every((one) => one.ok);
  return ok({ ...result.value, tests: outcomes, passed, seconds, accel, console: files.console });
}

interface Files {
  readonly disk: string;
  readonly script: string;
  readonly console: string;
  readonly answers: string;
  readonly headless: Headless;
}

function machineOf(options: TestOptions, images: BuiltImages, settings: Settings, files: Files): VmConfig {
  const { accel, append } = settings;
  const { tests = [] } = options;
  return {
    accel,
    memoryMiB: options.memoryMiB ?? images.memoryMiB,
    cpus: options.cpus ?? defaultCpus(accel),
    start: { by: 'kernel', kernel: images.kernel, initrd: images.initrd, append },
    bus: 'virtio',
    disks: [
      // Only tests may write to it: without them, a write would fail and be noticed.
      { file: files.disk, format: 'raw', readonly: tests.length === 0, serial: 'mkma' },
      { file: files.script, format: 'raw', readonly: true, serial: TEST_DISK_SERIAL },
      ...attachData(options.dataDisks),
    ],
    serials: [
      // All boots of one test run are in it.
      { to: 'file', file: files.console, append: true },
      { to: 'file', file: files.answers },
      ...(tests.length === 0 ? [] : [{ to: 'parent' } as const]),
    ],
    display: 'none',
    // Only tests use it.
    headless: tests.length === 0 ? undefined : files.headless,
    // A machine that waits for its network gets one without outbound access: it comes up as if a cable were
    // plugged in.
    network: { outward: false, forwards: [] },
  };
}
