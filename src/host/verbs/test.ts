/** `mkma test`: boot the built images in QEMU unattended, and assert from inside that all is as it should be. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BootTimes } from '../../core/boot.js';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { chooseAccel } from '../qemu/accel.js';
import { vmCmdline } from '../qemu/cmdline.js';
import { prepareDisk } from '../qemu/disk.js';
import { makeFolder } from '../qemu/folder.js';
import { type GuestTest, runGuestTest } from '../qemu/guest-test.js';
import { type BuiltImages, defaultCpus, findImages } from '../qemu/images.js';
import type { MachineOptions } from '../qemu/options.js';
import type { Check } from '../qemu/protocol.js';
import { TEST_DISK_SERIAL, TEST_SCRIPT, testParameters } from '../qemu/test-unit.js';
import { giveTo } from '../sys/files.js';
import { takeLock } from '../sys/lock.js';
import { run as runProgram } from '../sys/run.js';
import type { Accelerator } from '../tools/qemu.js';

/** What every machine of the console preset runs. */
export const EXPECTED_SERVICES: readonly string[] = [
  'dbus-broker.service',
  'systemd-journald.service',
  'systemd-logind.service',
  'systemd-udevd.service',
  'getty@tty1.service',
  'serial-getty@ttyS0.service',
];

/** Seconds for boot, checks and power off. */
const TIMEOUT: Record<Accelerator, number> = { tcg: 300, kvm: 120 };

export interface TestOptions extends MachineOptions {
  /** Seconds until the machine has to be off again. */
  readonly timeout?: number | undefined;
}

export interface TestResult {
  /** Whether every check is ok: decides the exit code. */
  readonly passed: boolean;
  readonly checks: readonly Check[];
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

/** Boot and check the images. A Problem where the boot failed; failed checks are in the result. */
export async function test(options: TestOptions, context: Context): Promise<Result<TestResult>> {
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
  const told = {
    what: 'these images are being tested already',
    where: folder.value,
    next: 'wait for the other mkma test to end',
  };
  const lock = await takeLock(join(folder.value, 'lock'), told, {
    signal: context.signal,
    owner: options.owner,
  });
  if (!lock.ok) return lock;
  using _held = lock.value;
  // What a killed test may have left is cleared away, and so is what this one leaves.
  const scratch = join(folder.value, 'scratch');
  rmSync(scratch, { recursive: true, force: true });
  try {
    mkdirSync(scratch, { mode: 0o700 });
    const settings = { folder: folder.value, scratch, append: line.value, accel: accel.value.accel };
    return await boot(options, images.value, settings, context);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
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
  const timeout = options.timeout ?? TIMEOUT[accel];
  const disk = await prepareDisk({ base: images.base, folder: scratch }, context);
  if (!disk.ok) return disk;
  const checks = await packChecks(scratch, EXPECTED_SERVICES, timeout, context);
  if (!checks.ok) return checks;
  const log = join(folder, 'console.log');
  writeFileSync(log, '');
  giveTo(log, options.owner);
  const answers = join(scratch, 'answers');
  const guest: GuestTest = {
    console: log,
    answers,
    timeout,
    machine: {
      accel,
      memoryMiB: options.memoryMiB ?? images.memoryMiB,
      cpus: options.cpus ?? defaultCpus(accel),
      start: { by: 'kernel', kernel: images.kernel, initrd: images.initrd, append },
      bus: 'virtio',
      disks: [
        { file: disk.value, format: 'raw', readonly: true, serial: 'mkma' },
        { file: checks.value, format: 'raw', readonly: true, serial: TEST_DISK_SERIAL },
      ],
      serials: [
        { to: 'file', file: log },
        { to: 'file', file: answers },
      ],
      display: 'none',
    },
  };
  const begun = performance.now();
  const result = await runGuestTest(guest, context);
  if (!result.ok) return result;
  const seconds = (performance.now() - begun) / 1000;
  const passed = result.value.checks.every((check) => check.ok);
  return ok({ ...result.value, passed, seconds, accel, console: log });
}

/** The checks with their settings, as a tar archive. Returns its path. */
async function packChecks(
  scratch: string,
  services: readonly string[],
  timeout: number,
  { signal }: Context,
): Promise<Result<string>> {
  // The wait inside the machine ends before the host's, so that the machine can still say what it waited for.
  const settings = `SERVICES='${services.join(' ')}'\nLIMIT=${Math.round(timeout * 0.7)}\n`;
  const script = readFileSync(new URL('../qemu/checks.sh', import.meta.url), 'utf8');
  writeFileSync(join(scratch, TEST_SCRIPT), settings + script);
  const file = join(scratch, 'checks.tar');
  const packed = await runProgram(
    { file: 'tar', args: ['--create', '--file', file, '--directory', scratch, TEST_SCRIPT] },
    { signal },
  );
  return packed.ok ? ok(file) : packed;
}
