/** The record left by early boot. */
import { BOOT_RECORD, type BootRecord } from '../../core/boot/record.js';
import { err, ok, type Result } from '../../core/result.js';
import type { GuestSystem } from '../system.js';

/** Reads it; a problem if there is none, or none that this version supports. */
export function readBootRecord(machine: GuestSystem): Result<BootRecord> {
  const text = machine.readText(BOOT_RECORD);
  if (text === undefined) {
    return err({
      code: 'not-booted-by-mkma',
      what: 'this machine was not booted by mkma',
      where: BOOT_RECORD,
      why: 'cannot read the record that early boot leaves there',
      next: 'run this on a machine that mkma booted',
    });
  }
  const record = parse(text);
  if (record?.format === 1) return ok(record);
  const found = record === undefined ? 'it is not JSON' : `it has format ${String(record.format)}`;
  return err({
    code: 'boot-record-format',
    what: 'cannot read the record of this boot',
    where: BOOT_RECORD,
    why: `${found}; this mkma reads format 1`,
    next: 'boot with the initramfs of the build that made this base',
  });
}

function parse(text: string): BootRecord | undefined {
  try {
    return JSON.parse(text) as BootRecord;
  } catch {
    return undefined;
  }
}
