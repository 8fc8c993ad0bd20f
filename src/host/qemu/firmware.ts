/** Starts a machine as a real one starts: its firmware finds the boot loader on the first disk. */
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { giveTo, type Owner } from '../sys/files.js';
import { type HostTool, OVMF, OVMF_SECURE } from '../sys/packages.js';
import { findTool, installCommand } from '../sys/prerequisites.js';
import type { Start, UefiStart } from '../tools/qemu-start.js';

/** secure-boot: UEFI that starts only what Microsoft's keys have signed, as most computers are sold. */
export const FIRMWARE = ['bios', 'uefi', 'secure-boot'] as const;
export type Firmware = (typeof FIRMWARE)[number];

/** What must be installed on the host for it. */
export function firmwareTools(firmware: Firmware | undefined): HostTool[] {
  if (firmware === undefined || firmware === 'bios') return [];
  return [firmware === 'uefi' ? OVMF : OVMF_SECURE];
}

/** UEFI where the host has a firmware for it, else BIOS, which QEMU contains. */
export function defaultFirmware(): Firmware {
  return findTool(OVMF, '') === undefined ? 'bios' : 'uefi';
}

/**
 * What to start the machine with. The UEFI variables are in `folder`; {@link prepareVariables} puts them
 * there.
 */
export function firmwareStart(firmware: Firmware, folder: string): Result<Start> {
  const start = pristineStart(firmware);
  if (!start.ok || start.value.by !== 'uefi') return start;
  return ok({ ...start.value, variables: join(folder, `${firmware}-variables.fd`), writes: 'kept' });
}

/** What to start a machine with whose firmware has what it was delivered with, and forgets what it writes. */
export function pristineStart(
  firmware: Firmware,
  writes: UefiStart['writes'] = 'discarded',
): Result<Exclude<Start, { by: 'kernel' }>> {
  if (firmware === 'bios') return ok({ by: 'bios' });
  const tool = firmware === 'uefi' ? OVMF : OVMF_SECURE;
  const code = findTool(tool, '');
  if (code === undefined) {
    return err({
      code: 'firmware-missing',
      what: `no UEFI firmware${firmware === 'uefi' ? '' : ' with Secure Boot'} for virtual machines on this host`,
      where: tool.files.join(' or '),
      next: `install it: ${installCommand([tool.package])}`,
    });
  }
  const secure = firmware === 'secure-boot';
  return ok({ by: 'uefi', secure, code, variables: template(code), writes });
}

/** The variables beside the code; for Secure Boot those with Microsoft's keys (Debian's ovmf). */
function template(code: string): string {
  return code.replace('OVMF_CODE', 'OVMF_VARS').replace('.secboot.fd', '.ms.fd');
}

/**
 * Gives the machine variables of its own, unless it has them: it keeps its boot entries there, as a real one
 * does.
 */
export function prepareVariables(start: Start, owner?: Owner): void {
  if (start.by !== 'uefi' || existsSync(start.variables)) return;
  copyFileSync(template(start.code), `${start.variables}.new`);
  giveTo(`${start.variables}.new`, owner);
  renameSync(`${start.variables}.new`, start.variables);
}
