/**
 * Uses KVM only if it is seen to work. Some hosts open /dev/kvm and create a machine, then abort or spin in a
 * stock kernel, and `-accel kvm:tcg` does not fall back; so a real kernel is started, with a time limit.
 */
import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { removeTree } from '../sys/remove.js';
import { Interrupted, start } from '../sys/run.js';
import { type Accelerator, qemuCommand, qemuVersion } from '../tools/qemu.js';
import { Follower, poll } from './follow.js';

/** What the user requests. */
export type AccelRequest = 'auto' | Accelerator;

/** What is used, and the line with the reason. */
export interface AccelChoice {
  readonly accel: Accelerator;
  readonly why: string;
}

/** What was found about KVM. */
export interface KvmFinding {
  readonly works: boolean;
  /** Why not, or how it was verified. */
  readonly why: string;
}

export interface AccelOptions {
  readonly accel: AccelRequest;
  /** The kernel to try; none: KVM is only used if it was requested, untried. */
  readonly kernel: string | undefined;
  /** Cache folder: the finding is kept there until the host reboots, or QEMU or the kernel changes. */
  readonly cache: string;
}

const PROBE_SECONDS = 10;
const KVM_DEVICE = '/dev/kvm';
const CACHE_FILE = 'kvm-probe.json';
/** A kernel without a root file system prints this at the end of its start. */
const KERNEL_STARTED = /Kernel panic - not syncing: VFS/;

/**
 * Chooses between KVM and TCG, and reports it in one note. A Problem if `kvm` is requested and does not work.
 */
export async function chooseAccel(options: AccelOptions, context: Context): Promise<Result<AccelChoice>> {
  const version = await qemuVersion(context.signal);
  if (!version.ok) return version;
  const finding = options.accel === 'tcg' ? undefined : await findKvm(options, version.value, context);
  const choice = decideAccel(options.accel, finding);
  if (choice.ok) context.emit({ type: 'note', text: choice.value.why });
  return choice;
}

/** The decision, from what was requested and found (`undefined`: not probed). */
export function decideAccel(request: AccelRequest, finding: KvmFinding | undefined): Result<AccelChoice> {
  if (request === 'tcg' || finding === undefined) {
    return ok({
      accel: 'tcg',
      why: 'QEMU runs without KVM (tcg was requested): expect about 30 s to the login',
    });
  }
  if (finding.works) return ok({ accel: 'kvm', why: `QEMU runs with KVM (${finding.why})` });
  if (request === 'kvm') {
    return err({
      code: 'kvm-unusable',
      what: 'KVM does not work here',
      where: KVM_DEVICE,
      why: finding.why,
      next: 'use --accel auto or tcg: the machine then runs without KVM, more slowly',
    });
  }
  return ok({
    accel: 'tcg',
    why: `QEMU runs without KVM (${finding.why}): expect about 30 s to the login`,
  });
}

async function findKvm(options: AccelOptions, version: string, context: Context): Promise<KvmFinding> {
  const { kernel } = options;
  const barred = kvmBarred();
  if (barred !== undefined) return { works: false, why: barred };
  if (kernel === undefined) {
    const works = options.accel === 'kvm';
    return { works, why: works ? 'untried' : 'it was not tried, since no kernel was found on the medium' };
  }
  const key = probeKey(kernel, version);
  const known = readCache(options.cache, key);
  if (known !== undefined) return known;
  const finding = await probeKvm(kernel, context);
  writeCache(options.cache, key, finding);
  return finding;
}

/** Why KVM cannot even be tried; `undefined` if it can. */
function kvmBarred(): string | undefined {
  if (process.arch !== 'x64') return `this host is ${process.arch}, the machine amd64`;
  try {
    accessSync(KVM_DEVICE, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (cause) {
    return kvmBarredBy((cause as NodeJS.ErrnoException).code ?? String(cause));
  }
}

/** Describes an error of opening /dev/kvm. */
export function kvmBarredBy(code: string): string {
  if (code === 'ENOENT') return `no ${KVM_DEVICE}`;
  if (code === 'EACCES' || code === 'EPERM') {
    return `no permission for ${KVM_DEVICE}; to get it, run sudo adduser $USER kvm and log in again`;
  }
  return `cannot open ${KVM_DEVICE}: ${code}`;
}

/** Starts the kernel under KVM with nothing else, and checks whether it completes. */
async function probeKvm(kernel: string, context: Context): Promise<KvmFinding> {
  const folder = await mkdtemp(join(tmpdir(), 'mkma-kvm-'));
  try {
    const serial = join(folder, 'serial');
    const command = qemuCommand({
      accel: 'kvm',
      memoryMiB: 256,
      cpus: 1,
      start: { by: 'kernel', kernel, append: 'console=ttyS0 panic=-1' },
      disks: [],
      bus: 'virtio',
      serials: [{ to: 'file', file: serial }],
      display: 'none',
    });
    const begun = performance.now();
    const machine = start(command, { signal: context.signal, timeout: PROBE_SECONDS + 5 });
    using log = new Follower(serial);
    const seen = await poll(
      () => log.read().find((line) => KERNEL_STARTED.test(line)),
      machine.ended,
      begun + PROBE_SECONDS * 1000,
    );
    machine.kill('SIGKILL');
    const ended = await machine.ended;
    if (context.signal.aborted) throw new Interrupted();
    const stderr = ended.ok ? ended.value.stderr : (ended.problem.why ?? '');
    return probeFinding(seen.by, stderr, (performance.now() - begun) / 1000);
  } finally {
    removeTree(folder);
  }
}

/** The finding from the probe's outcome: the kernel started, QEMU ended, or the time was up. */
export function probeFinding(by: 'found' | 'end' | 'deadline', stderr: string, seconds: number): KvmFinding {
  if (by === 'found') return { works: true, why: `a kernel start took ${seconds.toFixed(1)} s` };
  if (by === 'deadline') {
    return { works: false, why: `the probe saw no kernel start within ${PROBE_SECONDS} s` };
  }
  const words =
    stderr
      .trim()
      .split('\n')
      .find((line) => line !== '') ?? 'QEMU ended without output';
  return { works: false, why: `the probe failed: ${words.replace(/^qemu-system-\w+: /, '')}` };
}

/** What a finding depends on. */
function probeKey(kernel: string, version: string): string {
  const { size, mtimeMs } = statSync(kernel);
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return [boot, version, size, mtimeMs].join(' ');
}

function readCache(cache: string, key: string): KvmFinding | undefined {
  try {
    const kept = JSON.parse(readFileSync(join(cache, CACHE_FILE), 'utf8')) as Partial<KvmFinding> & {
      key?: unknown;
    };
    if (kept.key !== key || typeof kept.works !== 'boolean' || typeof kept.why !== 'string') return undefined;
    return { works: kept.works, why: kept.why };
  } catch {
    return undefined;
  }
}

/** Stores a finding. If the cache cannot be written, the next run probes again: no reason to stop. */
function writeCache(cache: string, key: string, finding: KvmFinding): void {
  const file = join(cache, CACHE_FILE);
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    writeFileSync(temporary, JSON.stringify({ key, ...finding }));
    renameSync(temporary, file);
  } catch {
    rmSync(temporary, { force: true });
  }
}
