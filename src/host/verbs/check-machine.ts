/** Boots a machine unattended and checks it from inside; then runs the definition's tests on it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BootTimes } from '../../core/boot/record.js';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { Album } from '../machine-tests/album.js';
import type { GivenTest, TestOutcome } from '../machine-tests/given.js';
import { MachineTests } from '../machine-tests/machine-tests.js';
import { Witness } from '../machine-tests/witness.js';
import { type GuestAnswers, type GuestTest, runGuestTest } from '../qemu/guest-test.js';
import { defaultCpus } from '../qemu/images.js';
import type { Medium } from '../qemu/medium.js';
import type { MachineOptions } from '../qemu/options.js';
import { attachData } from '../qemu/own-disks.js';
import type { Check } from '../qemu/protocol.js';
import type { ExpectedServices } from '../qemu/services.js';
import { checksScript, packScript } from '../qemu/test-script.js';
import { TEST_DISK_SERIAL } from '../qemu/test-unit.js';
import { Typist } from '../qemu/typist.js';
import { giveTo } from '../sys/files.js';
import { removeTree } from '../sys/remove.js';
import type { Accelerator, GraphicsCard, Headless, VmConfig } from '../tools/qemu.js';
import type { DiskBus, MachineDisk } from '../tools/qemu-disks.js';
import type { Start } from '../tools/qemu-start.js';

export interface TestOptions extends MachineOptions {
  /** Boot this medium instead of the images. */
  readonly medium?: Medium | undefined;
  /** What opens it, if it is encrypted. */
  readonly passphrase?: Uint8Array | undefined;
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

/** A machine to check: what depends on how it starts. */
export interface Bench {
  readonly start: Start;
  /** What makes its systemd run the checks, if its kernel command line does not. */
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  /** The disk that it starts from. */
  readonly disk: MachineDisk;
  readonly bus: DiskBus;
  readonly memoryMiB: number;
  readonly accel: Accelerator;
  /** Seconds for boot, checks and power off. */
  readonly timeout: number;
  /** A folder that the caller removes. */
  readonly scratch: string;
  /** The file for its console. */
  readonly console: string;
  /** What opens its encrypted storage; absent: nothing is asked. */
  readonly passphrase?: Uint8Array | undefined;
  /** The file for a picture of its screen if it does not get to the checks' end; none: it has no screen. */
  readonly picture?: string | undefined;
}

/** Boots and checks it. A Problem if the boot failed; failed checks and tests are in the result. */
export async function checkMachine(
  options: TestOptions,
  bench: Bench,
  context: Context,
): Promise<Result<TestResult>> {
  const { scratch, accel, timeout, console } = bench;
  const { tests: given = [] } = options;
  const then = given.length === 0 ? 'poweroff' : 'agent';
  const script = await packScript(scratch, checksScript(options.services, timeout, then), context);
  if (!script.ok) return script;
  writeFileSync(console, '');
  giveTo(console, options.owner);
  // The path of a socket has at most 107 bytes (unix(7)), wherever the images are.
  const door = mkdtempSync(join(tmpdir(), 'mkma-test-'));
  const headless: Headless = {
    ...{ card: options.card ?? 'std', socket: join(door, 'qmp') },
    sound: options.plays === true ? join(scratch, 'sound.wav') : undefined,
  };
  const files = { script: script.value, console, answers: join(scratch, 'answers'), headless, door };
  const machine = machineOf(options, bench, files);
  const pictures = options.artifacts ?? join(dirname(console), 'pictures');
  const album = new Album(pictures, options.artifacts !== undefined, options.owner);
  const tests =
    given.length === 0
      ? undefined
      : new MachineTests({ tests: given, machine, headless, album, scratch, timeout }, context);
  const { picture } = bench;
  const seen = { socket: headless.socket, scratch, owner: options.owner };
  const witness = picture === undefined ? undefined : new Witness({ ...seen, picture });
  const guest: GuestTest = { ...files, timeout, machine, afterChecks: tests, witness };
  const begun = performance.now();
  let result: Result<GuestAnswers>;
  try {
    const { passphrase } = bench;
    using _typist = passphrase === undefined ? undefined : new Typist(consoleIn(door), console, passphrase);
    result = await runGuestTest(guest, context);
  } finally {
    removeTree(door);
  }
  if (!result.ok) return result;
  const seconds = (performance.now() - begun) / 1000;
  const outcomes = tests?.outcomes ?? [];
  const passed = [...result.value.checks, ...outcomes].every((one) => one.ok);
  return ok({ ...result.value, tests: outcomes, passed, seconds, accel, console });
}

interface Files {
  readonly script: string;
  readonly console: string;
  readonly answers: string;
  readonly headless: Headless;
  /** A folder for sockets. */
  readonly door: string;
}

/** The socket of a console that somebody answers. */
function consoleIn(door: string): string {
  return join(door, 'console');
}

function machineOf(options: TestOptions, bench: Bench, files: Files): VmConfig {
  const { accel, start, credentials, bus } = bench;
  const { tests = [] } = options;
  return {
    ...{ accel, start, credentials, bus },
    memoryMiB: options.memoryMiB ?? bench.memoryMiB,
    cpus: options.cpus ?? defaultCpus(accel),
    disks: [
      bench.disk,
      { file: files.script, format: 'raw', readonly: true, virtio: true, serial: TEST_DISK_SERIAL },
      ...attachData(options.dataDisks),
    ],
    serials: [
      // All boots of one test run are in it.
      bench.passphrase === undefined
        ? { to: 'file', file: files.console, append: true }
        : { to: 'socket', socket: consoleIn(files.door) },
      { to: 'file', file: files.answers },
      ...(tests.length === 0 ? [] : [{ to: 'parent' } as const]),
    ],
    display: 'none',
    headless: tests.length === 0 && bench.picture === undefined ? undefined : files.headless,
    // A machine that waits for its network gets one without outbound access: it comes up as if a cable were
    // plugged in.
    network: { outward: false, forwards: [] },
  };
}
