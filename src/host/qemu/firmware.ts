/** Starts a machine as a real one starts: its firmware finds the boot loader on the first disk. */
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { giveTo, type Owner } from '../sys/files.js';
import { OVMF } from '../sys/packages.js';
import { findTool, installCommand } from '../sys/prerequisites.js';
import type { Start } from '../tools/qemu.js';

export type Firmware = 'bios' | 'uefi';

/**
 * What to start the machine with. The UEFI variables are in `folder`; {@link prepareVariables} puts them
 * there.
 */
export function firmwareStart(firmware: Firmware, folder: string): Result<Start> {
  if (firmware === 'bios') return ok({ by: 'bios' });
  const code = findTool(OVMF, '');
  if (code === undefined) {
    return err({
      code: 'firmware-missing',
      what: 'no UEFI firmware for virtual machines on this host',
      where: OVMF.files.join(' or '),
      next: `install it: ${installCommand([OVMF.package])}`,
    });
  }
  return ok({ by: 'uefi', code, variables: join(folder, 'uefi-variables.fd') });
}

/**
 * Gives the machine variables of its own, unless it has them: it keeps its boot entries there, as a real one
 * does.
 */
export function prepareVariables(start: Start, owner?: Owner): void {
  if (start.by !== 'uefi' || existsSync(start.variables)) return;
  // The template is beside the code: OVMF_CODE_4M.fd and OVMF_VARS_4M.fd.
  const template = start.code.replace('OVMF_CODE', 'OVMF_VARS');
  copyFileSync(template, `${start.variables}.new`);
  giveTo(`${start.variables}.new`, owner);
  renameSync(`${start.variables}.new`, start.variables);
}
