/** The services that a machine under test has to run. Pure. */

import type { MachineConfig } from '../definition/machine.js';
import { unitOf } from '../definition/unit-names.js';

/** What machines run unless they say otherwise, and the package that brings it where not every machine has that. */
const USUAL: readonly (readonly [unit: string, from?: string])[] = [
  ['systemd-journald.service'],
  ['dbus-broker.service', 'dbus-broker'],
  ['systemd-logind.service', 'libpam-systemd'],
  ['systemd-udevd.service', 'udev'],
  ['getty@tty1.service'],
  ['serial-getty@ttyS0.service'],
];

export interface ExpectedServices {
  /** Have to be active. */
  readonly always: readonly string[];
  /** The definition enables them: active, too, but where they have done their work, or are not for this machine. */
  readonly enabled: readonly string[];
}

/** What a machine is to run. */
export function expectedServices({ packages, services }: MachineConfig): ExpectedServices {
  const names = new Set(packages.map((name) => name.split(/[:=/]/, 1)[0]));
  const off = new Set([...services.disable, ...services.mask].map(unitOf));
  // Of an instance also by its template.
  const isOff = (unit: string) => off.has(unit) || off.has(unit.replace(/@[^.]*/, '@'));
  const always = USUAL.filter(([unit, from]) => !isOff(unit) && (from === undefined || names.has(from)));
  const enabled = services.enable
    .map(unitOf)
    // One without an instance is a pattern, which never runs by itself.
    .filter((unit) => unit.endsWith('.service') && !unit.includes('@.') && !isOff(unit));
  return { always: always.map(([unit]) => unit), enabled: [...new Set(enabled)] };
}
