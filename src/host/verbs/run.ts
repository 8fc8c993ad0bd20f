/** `mkma run`: boot the built images in QEMU, in this terminal or a window. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { chooseAccel } from '../qemu/accel.js';
import { findAudio } from '../qemu/audio.js';
import { vmCmdline } from '../qemu/cmdline.js';
import { diskFile, prepareDisk } from '../qemu/disk.js';
import { firmwareStart, prepareVariables } from '../qemu/firmware.js';
import { makeFolder } from '../qemu/folder.js';
import { type BuiltImages, defaultCpus, findImages } from '../qemu/images.js';
import { attachData, attachOwn } from '../qemu/own-disks.js';
import { renderCommand } from '../sys/command.js';
import { takeLock } from '../sys/lock.js';
import { STATE } from '../sys/output.js';
import { type Accelerator, qemuCommand, type VmConfig } from '../tools/qemu.js';
import type { MachineDisk } from '../tools/qemu-disks.js';
import type { Start } from '../tools/qemu-start.js';
import { boot, checkTerminal, hardwareOf, type RunOptions, type RunResult } from './run-machine.js';
import { runMedium } from './run-medium.js';

/** Boots the images and returns when the machine was powered off (or QEMU ended). */
export async function run(options: RunOptions, context: Context): Promise<Result<RunResult>> {
  const terminal = checkTerminal(options);
  if (!terminal.ok) return terminal;
  if (options.medium !== undefined) return runMedium(options, options.medium, context);
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
  const made: MachineDisk = { file: diskFile(runFolder(options)), format: 'raw', serial: 'mkma' };
  return {
    accel,
    memoryMiB: options.memoryMiB ?? images.memoryMiB,
    cpus: options.cpus ?? defaultCpus(accel),
    start,
    disks: [
      ...(options.disks === undefined ? [made] : attachOwn(options.disks)),
      ...attachData(options.dataDisks),
    ],
    bus: options.bus ?? 'virtio',
    ...hardwareOf(options),
  };
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
