/** Who the machine is in this boot: if no machine-id is saved, one from the firmware; what will be random. */
import type { BootIdentity } from '../../core/boot/record.js';
import { IDENTITY_KINDS, type IdentityKind, MACHINE_ID_KIND } from '../../core/identity/files.js';
import { machineIdOf } from '../hardware.js';
import { placeInside } from '../resolve.js';
import type { GuestSystem } from '../system.js';
import { NEW_ROOT } from './folders.js';
import { say } from './say.js';

const MACHINE_ID = '/etc/machine-id';
/** A parameter of systemd (kernel-command-line(7)), which overrides what is in the file. */
const PARAMETER = 'systemd.machine_id=';

/** Settles it in the root that is stacked; a failure costs the machine-id alone. */
export function settleIdentity(machine: GuestSystem): BootIdentity {
  const firmware = tryMachineId(machine);
  const machineId = settleMachineId(machine, firmware);
  const missing = IDENTITY_KINDS.filter((kind) => isMissing(machine, kind)).map(({ what }) => what);
  return {
    hardware: firmware !== undefined,
    machineId,
    random: [...(machineId === 'random' ? [MACHINE_ID_KIND.what] : []), ...missing],
  };
}

function tryMachineId(machine: GuestSystem): string | undefined {
  try {
    return machineIdOf(machine);
  } catch (bug) {
    say(machine, `warning: cannot derive a machine-id from the firmware: ${(bug as Error).message}`);
    return undefined;
  }
}

/**
 * Of hardware with an id the same in every boot, as DHCP servers know it by an identifier that is made of
 * this. Only a file that is there and empty is written: a missing one means a first boot to systemd, and
 * other words are its own.
 */
function settleMachineId(machine: GuestSystem, firmware: string | undefined): BootIdentity['machineId'] {
  if ((machine.readText('/proc/cmdline') ?? '').includes(PARAMETER)) return 'parameter';
  const path = placeInside(machine, NEW_ROOT, MACHINE_ID);
  const text = machine.info(path)?.kind === 'file' ? machine.readText(path)?.trim() : undefined;
  if (text === undefined) return 'random';
  if (/^[0-9a-f]{32}$/.test(text)) return 'saved';
  if (text !== '' || firmware === undefined) return 'random';
  if (machine.write(path, `${firmware}\n`)) return 'firmware';
  say(machine, `warning: cannot write ${MACHINE_ID}: this boot has a random one`);
  return 'random';
}

/** Whether a program of the machine makes such files in this boot. */
function isMissing(machine: GuestSystem, { made }: IdentityKind): boolean {
  if (made === undefined) return false;
  const { by, folder, file } = made;
  if (by.every((path) => machine.info(placeInside(machine, NEW_ROOT, `/${path}`)) === undefined))
    return false;
  const names = machine.list(placeInside(machine, NEW_ROOT, `/${folder}`)) ?? [];
  return !names.some((name) => file.test(name));
}
