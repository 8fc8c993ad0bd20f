/** `mkma run`: boot the built images in QEMU, in this terminal or a window. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Problem, type Result, usage } from '../../core/result.js';
import type { Context } from '../context.js';
import { chooseAccel } from '../qemu/accel.js';
import { findAudio } from '../qemu/audio.js';
import { vmCmdline } from '../qemu/cmdline.js';
import { diskFile, prepareDisk } from '../qemu/disk.js';
import { firmwareStart, prepareVariables } from '../qemu/firmware.js';
import { makeFolder } from '../qemu/folder.js';
import { type BuiltImages, defaultCpus, findImages } from '../qemu/images.js';
import type { MachineOptions } from '../qemu/options.js';
import { attachData, attachOwn, type DiskChoice } from '../qemu/own-disks.js';
import { renderCommand } from '../sys/command.js';
import { takeLock } from '../sys/lock.js';
import { STATE } from '../sys/output.js';
import { failure, Interrupted, start } from '../sys/run.js';
import {
  type Accelerator,
  type Forward,
  knownQemuFault,
  type Network,
  qemuCommand,
  type SerialPort,
  type Start,
  type VmConfig,
} from '../tools/qemu.js';
import type { MachineDisk } from '../tools/qemu-disks.js';

export interface RunOptions extends MachineOptions, DiskChoice {
  /** Whether standard input and output are a terminal. */
  readonly terminal: boolean;
  /** Enable outbound access through this host. */
  readonly network?: boolean | undefined;
  /** Ports of this host that are forwarded to the machine. */
  readonly forwards?: readonly Forward[] | undefined;
  /** Show the screen in a window. */
  readonly window?: boolean | undefined;
  /** Folder with the sockets of the caller's session (XDG_RUNTIME_DIR), for a window's sound. */
  readonly sessionFolder?: string | undefined;
  /** UUID in the machine's firmware, which identities are bound to. */
  readonly uuid?: string | undefined;
  /** Only print the QEMU command. */
  readonly dryRun?: boolean | undefined;
  /** Create a new disk, losing what the machine wrote to the old one. */
  readonly freshDisk?: boolean | undefined;
}

export interface RunResult {
  /** The QEMU command, to repeat by hand. */
  readonly command: string;
  readonly accel: Accelerator;
  /** How long the machine ran; absent after a dry run. */
  readonly seconds?: number;
}

/** Boots the images and returns when the machine was powered off (or QEMU ended). */
export async function run(options: RunOptions, context: Context): Promise<Result<RunResult>> {
  if (!options.terminal && options.window !== true && options.dryRun !== true) return noTerminal();
  const images = findImages(options.output);
  if (!images.ok) return images;
  for (const problem of images.value.warnings) context.emit({ type: 'warning', problem });
  const start = startOf(options, images.value);
  if (!start.ok) return start;
  const accel = await chooseAccel({ ...options, kernel: images.value.kernel }, context);
  if (!accel.ok) return accel;
  const audio = options.window === true ? await findAudio(options.sessionFolder, context.signal) : undefined;
  const machine = { ...machineOf(options, images.value, start.value, accel.value.accel), audio };
  const command = renderCommand(qemuCommand(machine));
  if (options.dryRun === true) {
    for (const file of madeFiles(options, machine).filter((file) => !existsSync(file))) {
      context.emit({ type: 'note', text: `the first real run creates ${file}` });
    }
    return ok({ command, accel: machine.accel });
  }
  const { base } = images.value;
  const ended = await withFiles(options, machine, base, context, () => boot(options, machine, context));
  return ended.ok ? ok({ command, accel: machine.accel, seconds: ended.value }) : ended;
}

function noTerminal(): Result<never> {
  return usage({
    code: 'terminal-missing',
    what: 'mkma run needs a terminal',
    where: 'standard input',
    why: "it is the machine's keyboard",
    next: 'use mkma test to boot the images unattended, or --window',
  });
}

/** The last one becomes /dev/console, where init and systemd print. */
function consolesOf(options: RunOptions): string[] {
  if (options.window !== true) return ['ttyS0'];
  return options.terminal ? ['tty0', 'ttyS0'] : ['tty0'];
}

/** Where `mkma run` keeps the machine's own files. */
function runFolder(options: RunOptions): string {
  return join(options.output, STATE, 'run');
}

function startOf(options: RunOptions, images: BuiltImages): Result<Start> {
  if (options.firmware !== undefined) return firmwareStart(options.firmware, runFolder(options));
  const append = vmCmdline({
    built: images.cmdline,
    consoles: consolesOf(options),
    append: options.append,
    ownDisks: options.disks !== undefined,
  });
  if (!append.ok) return append;
  return ok({ by: 'kernel', kernel: images.kernel, initrd: images.initrd, append: append.value });
}

function machineOf(options: RunOptions, images: BuiltImages, start: Start, accel: Accelerator): VmConfig {
  const serials: SerialPort[] = options.terminal ? [{ to: 'terminal' }] : [];
  const made: MachineDisk = { file: diskFile(runFolder(options)), format: 'raw', serial: 'mkma' };
  return {
    accel,
    memoryMiB: options.memoryMiB ?? images.memoryMiB,
    cpus: options.cpus ?? defaultCpus(accel),
    uuid: options.uuid,
    start,
    disks: [
      ...(options.disks === undefined ? [made] : attachOwn(options.disks)),
      ...attachData(options.dataDisks),
    ],
    bus: options.bus ?? 'virtio',
    serials,
    display: options.window === true ? 'gtk' : 'none',
    network: networkOf(options),
  };
}

function networkOf({ network = false, forwards = [] }: RunOptions): Network | undefined {
  return network || forwards.length > 0 ? { outward: network, forwards } : undefined;
}

/** The files created for the machine, in the folder of runs. */
function madeFiles(options: RunOptions, machine: VmConfig): string[] {
  const variables = machine.start.by === 'uefi' ? [machine.start.variables] : [];
  return options.disks === undefined ? [diskFile(runFolder(options)), ...variables] : variables;
}

/** Prepares and locks the files created for the machine while `work` runs. */
async function withFiles<T>(
  options: RunOptions,
  machine: VmConfig,
  base: string,
  context: Context,
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  if (madeFiles(options, machine).length === 0) return work();
  const folder = makeFolder(options.output, 'run', options.owner);
  if (!folder.ok) return folder;
  const taken: Problem = {
    code: 'images-in-use',
    what: 'another virtual machine is running these images',
    where: folder.value,
    next: 'end the other mkma run first, or boot a copy of the folder with --output',
  };
  const lock = await takeLock(join(folder.value, 'lock'), taken, {
    signal: context.signal,
    owner: options.owner,
  });
  if (!lock.ok) return lock;
  using _held = lock.value;
  prepareVariables(machine.start, options.owner);
  if (options.disks !== undefined) return await work();
  const fresh = options.freshDisk === true;
  const disk = await prepareDisk({ base, owner: options.owner, folder: folder.value, fresh }, context);
  return disk.ok ? await work() : disk;
}

/** Starts QEMU on this terminal. Returns how many seconds it ran. */
async function boot(options: RunOptions, machine: VmConfig, context: Context): Promise<Result<number>> {
  if (options.terminal) {
    context.emit({ type: 'note', text: 'to leave: poweroff in the machine, or Ctrl-A then X' });
  }
  if (machine.display !== 'none') {
    context.emit({
      type: 'note',
      text: 'Ctrl-Alt-G in the window grabs the keyboard for the machine, and releases it',
    });
  }
  for (const { host, guest } of machine.network?.forwards ?? []) {
    context.emit({
      type: 'note',
      text: `port ${host} of this host is forwarded to port ${guest} of the machine`,
    });
  }
  const command = qemuCommand(machine);
  const begun = performance.now();
  const io = options.terminal ? 'inherit' : 'ignore';
  const qemu = start(command, {
    signal: context.signal,
    stdin: io,
    stdout: io,
    stderr: 'pipe',
    foreground: true,
  });
  const ended = await qemu.ended;
  if (context.signal.aborted) throw new Interrupted();
  if (!ended.ok) return ended;
  const seconds = (performance.now() - begun) / 1000;
  if (ended.value.exitCode === 0) return ok(seconds);
  return err({ ...failure(command, ended.value), ...knownQemuFault(ended.value.stderr) });
}
