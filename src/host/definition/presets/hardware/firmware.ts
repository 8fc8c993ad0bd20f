/** Firmware of hardware fragments. Pure. */
import type { MachineInput } from '../../machine.js';
import { HARDWARE, type HardwareName } from './hardware.js';

/** Packages in `firmware` of a machine that extends these fragments with their default options. */
export function firmwareOf(names: readonly HardwareName[]): string[] {
  const machines = names.map((name) => HARDWARE[name].of({}));
  const own = machines.flatMap(({ fields }) => (fields as MachineInput).firmware ?? []);
  const later = machines.flatMap(({ finish }) => (finish({ firmware: own }) as MachineInput).firmware ?? []);
  return [...new Set([...own, ...later])];
}
