/** Kernel modules: the ones always needed, and the drivers of what the machine has. */
import { INITRAMFS } from '../../core/contract.js';
import type { Machine } from '../machine.js';

/** Most module names handed to one modprobe: an argument list has a limit. */
const BATCH = 500;

/** Loads the drivers of devices that have appeared since the last call. Returns whether there were any. */
export type Coldplug = () => boolean;

/** Load what `/mkma/modules` lists and return the way to load drivers for the devices that appear. */
export function startModules(machine: Machine): Coldplug {
  const wanted = (machine.readText(`/${INITRAMFS.modules}`) ?? '').split('\n').filter((name) => name !== '');
  modprobe(machine, wanted);
  const asked = new Set<string>();
  return () => {
    const fresh = modaliases(machine).filter((alias) => !asked.has(alias));
    for (const alias of fresh) asked.add(alias);
    modprobe(machine, fresh);
    return fresh.length > 0;
  };
}

/**
 * The modaliases of all devices on all buses. The buses list each device once: no walk through all of /sys. Read from
 * `uevent`, since not every bus has a file `modalias` (SD cards have none), yet all tell udev.
 */
function modaliases(machine: Machine): string[] {
  const { stdout } = machine.run(['sh', '-c', "sed -n 's/^MODALIAS=//p' /sys/bus/*/devices/*/uevent"]);
  return [...new Set(stdout.split('\n'))].filter((alias) => alias !== '');
}

/** Most modaliases have no module here, and a built-in driver has none at all: -q, and the exit code says nothing. */
function modprobe(machine: Machine, names: readonly string[]): void {
  for (let i = 0; i < names.length; i += BATCH) {
    machine.run(['modprobe', '-abq', ...names.slice(i, i + BATCH)]);
  }
}
