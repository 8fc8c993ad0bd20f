/** `mkma run --medium`: boot a medium as a real machine does, without changing it. */
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { findAudio } from '../qemu/audio.js';
import { pristineStart } from '../qemu/firmware.js';
import { defaultCpus } from '../qemu/images.js';
import { type Medium, startNote } from '../qemu/medium.js';
import { chooseMediumAccel, mediumDisk } from '../qemu/medium-machine.js';
import { attachData } from '../qemu/own-disks.js';
import { mediumMemoryMiB, readMedium } from '../qemu/read-medium.js';
import { renderCommand } from '../sys/command.js';
import { qemuCommand, type VmConfig } from '../tools/qemu.js';
import { boot, hardwareOf, type RunOptions, type RunResult } from './run-machine.js';

/** Boots the medium and returns when the machine was powered off (or QEMU ended). */
export async function runMedium(
  options: RunOptions,
  medium: Medium,
  context: Context,
): Promise<Result<RunResult>> {
  const start = pristineStart(medium.firmware, medium.writes);
  if (!start.ok) return start;
  const content = await readMedium(medium.file, context.signal);
  const accel = await chooseMediumAccel(options, content, context);
  if (!accel.ok) return accel;
  const audio = options.window === true ? await findAudio(options.sessionFolder, context.signal) : undefined;
  const machine: VmConfig = {
    accel: accel.value.accel,
    memoryMiB: options.memoryMiB ?? mediumMemoryMiB(content),
    cpus: options.cpus ?? defaultCpus(accel.value.accel),
    start: start.value,
    disks: [mediumDisk(medium), ...attachData(options.dataDisks)],
    bus: medium.bus,
    ...hardwareOf(options),
    audio,
  };
  const command = renderCommand(qemuCommand(machine));
  if (options.dryRun === true) return ok({ command, accel: machine.accel });
  context.emit({ type: 'note', text: `${startNote(medium)}; the medium stays as it is` });
  const ended = await boot(options, machine, context);
  return ended.ok ? ok({ command, accel: machine.accel, seconds: ended.value }) : ended;
}
