/** Digests of the hardware's id, for root: early boot, and mkma on the machine. */
import { hardwareId, machineIdFrom, purposeText } from '../core/identity/hardware.js';
import type { Hardware } from '../core/identity/mark.js';
import { must } from './must.js';
import { sumOf } from './records.js';
import type { GuestSystem } from './system.js';

/** The hardware as identities are bound to it. */
export function hardwareOf(machine: GuestSystem): Hardware {
  const id = hardwareId(machine.readText.bind(machine));
  return id === undefined ? {} : { digest: digestFor(machine, 'binding', id) };
}

/** The machine-id(5) of this hardware; `undefined` if it has no id. */
export function machineIdOf(machine: GuestSystem): string | undefined {
  const id = hardwareId(machine.readText.bind(machine));
  return id === undefined ? undefined : machineIdFrom(digestFor(machine, 'machine-id', id));
}

function digestFor(machine: GuestSystem, purpose: Parameters<typeof purposeText>[0], id: string): string {
  return sumOf(must(machine, ['sha256sum'], { input: purposeText(purpose, id) }));
}
