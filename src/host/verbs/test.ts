/** `mkma test`: boots the built images in QEMU unattended, and checks them from inside. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem, Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { chooseTests } from '../machine-tests/given.js';
import { chooseAccel } from '../qemu/accel.js';
import { vmCmdline } from '../qemu/cmdline.js';
import { prepareDisk } from '../qemu/disk.js';
import { makeFolder } from '../qemu/folder.js';
import { type BuiltImages, findImages } from '../qemu/images.js';
import { testParameters } from '../qemu/test-unit.js';
import { takeLock } from '../sys/lock.js';
import { removeTree } from '../sys/remove.js';
import type { Accelerator } from '../tools/qemu.js';
import { checkMachine, type TestOptions, type TestResult } from './check-machine.js';
import { testMedium } from './test-medium.js';

/** Seconds for boot, checks and power off. */
const TIMEOUT: Record<Accelerator, number> = { tcg: 300, kvm: 120 };

/** Boots and checks the images. A Problem if the boot failed; failed checks and tests are in the result. */
export async function test(options: TestOptions, context: Context): Promise<Result<TestResult>> {
  const tests = chooseTests(options.tests ?? [], options.only);
  if (!tests.ok) return tests;
  if (options.medium !== undefined) {
    return testMedium({ ...options, tests: tests.value }, options.medium, context);
  }
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
  const { folder, scratch, append, accel } = settings;
  // What a test saves goes to a disk created for this run.
  const disk = await prepareDisk({ base: images.base, folder: scratch }, context);
  if (!disk.ok) return disk;
  const bench = {
    start: { by: 'kernel', kernel: images.kernel, initrd: images.initrd, append },
    // Only tests may write to it: without them, a write would fail and be noticed.
    disk: { file: disk.value, format: 'raw', readonly: (options.tests ?? []).length === 0, serial: 'mkma' },
    bus: 'virtio',
    memoryMiB: images.memoryMiB,
    accel,
    timeout: options.timeout ?? TIMEOUT[accel],
    scratch,
    console: join(folder, 'console.log'),
  } as const;
  return checkMachine(options, bench, context);
}
