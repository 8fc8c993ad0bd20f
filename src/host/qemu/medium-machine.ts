/** The virtual machine that boots a medium: what its content and this host decide. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { removeTree } from '../sys/remove.js';
import type { MachineDisk } from '../tools/qemu-disks.js';
import { type AccelChoice, type AccelOptions, chooseAccel } from './accel.js';
import type { Medium } from './medium.js';
import { copyKernel, type MediumContent } from './read-medium.js';

/** Chooses between KVM and TCG, with the medium's own kernel as the one to try. */
export async function chooseMediumAccel(
  options: Omit<AccelOptions, 'kernel'>,
  content: MediumContent,
  context: Context,
): Promise<Result<AccelChoice>> {
  if (options.accel === 'tcg') return chooseAccel({ ...options, kernel: undefined }, context);
  const folder = mkdtempSync(join(tmpdir(), 'mkma-kernel-'));
  try {
    const kernel = await copyKernel(content, folder, context.signal);
    return await chooseAccel({ ...options, kernel }, context);
  } finally {
    removeTree(folder);
  }
}

/** The medium as the machine's disk; its writes go to the file `overlay`, or are dropped. */
export function mediumDisk({ file, bus }: Medium, overlay?: string): MachineDisk {
  if (bus === 'cd') return { file, format: 'raw', readonly: true, serial: 'mkma' };
  if (overlay !== undefined) return { file: overlay, format: 'qcow2', serial: 'mkma' };
  return { file, format: 'raw', discards: true, serial: 'mkma' };
}
