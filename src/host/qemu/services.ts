/** The services that a machine under test must run. Pure. */

import type { MachineConfig } from '../definition/machine.js';
import { unitOf } from '../definition/unit-names.js';

/** What machines run by default, and the package it needs, unless every machine has that. */
const USUAL: readonly (readonly [unit: string, from?: string])[] = [
  ['systemd-journald.service'],
  ['dbus-broker.service', 'dbus-broker'],
  ['systemd-logind.service', 'libpam-systemd'],
  ['systemd-udevd.service', 'udev'],
  ['getty@tty1.service'],
  ['serial-getty@ttyS0.service'],
];

export interface ExpectedServices {
  /** Must be active. */
  readonly always: readonly string[];
  /** Enabled by the definition: must be active, unless they have finished or do not apply to this machine. */
  readonly enabled: readonly string[];
}

/** What a machine must run. */
export function expectedServices({ packages, services }: MachineConfig): ExpectedServices {
  const names = new Set(packages.map((name) => name.split(/[:=/]/, 1)[0]));
  const off = new Set([...services.disable, ...services.mask].map(unitOf));
  // For an instance also its template.
  const isOff = (unit: string) => off.has(unit) || off.has(unit.replace(/@[^.]*/, '@'));
  const always = USUAL.filter(([unit, from]) => !isOff(unit) && (from === undefined || names.has(from)));
  const enabled = services.enable
    .map(unitOf)
    // A template without an instance never runs itself.
    .filter((unit) => unit.endsWith('.service') && !unit.includes('@.') && !isOff(unit));
  return { always: always.map(([unit]) => unit), enabled: [...new Set(enabled)] };
}
