/** Kernel modules: the ones always needed, and the drivers of what the machine has. */
import { INITRAMFS } from '../../core/contract.js';
import type { GuestSystem } from '../system.js';

/** Most module names handed to one modprobe: an argument list has a limit. */
const BATCH = 500;

/** Loads drivers of devices that have appeared. Each device is asked for once. */
export interface Drivers {
  /** Of the devices of a virtual machine alone: where the images lie on one of them, no other driver is needed. */
  loadVirtual(): void;
  /** Of all devices. */
  loadAll(): void;
  /** Whether all devices have been asked for once. */
  readonly complete: boolean;
}

/** Devices of virtio, and what they hang on (include/uapi/linux/virtio_ids.h; the vendor's number of Red Hat, PCI). */
const VIRTUAL = /^(virtio:|pci:v00001AF4d)/;

/**
 * The machine's drivers. The first call also loads what `/mkma/modules` lists: to start modprobe takes longer than most
 * modules.
 */
export function driversOf(machine: GuestSystem): Drivers {
  const asked = new Set<string>();
  let first = (machine.readText(`/${INITRAMFS.modules}`) ?? '').split('\n').filter((name) => name !== '');
  const load = (wanted: (alias: string) => boolean): boolean => {
    const fresh = modaliases(machine).filter((alias) => wanted(alias) && !asked.has(alias));
    for (const alias of fresh) asked.add(alias);
    modprobe(machine, [...first, ...fresh]);
    first = [];
    return fresh.length > 0;
  };
  let complete = false;
  return {
    get complete() {
      return complete;
    },
    loadVirtual() {
      // A driver of the bus brings devices to light.
      while (load((alias) => VIRTUAL.test(alias))) {}
    },
    loadAll() {
      load(() => true);
      complete = true;
    },
  };
}

/** Where the buses list each device once: no walk through all of /sys. */
const BUSES = '/sys/bus';

/**
 * The modaliases of all devices on all buses. Read from `uevent`, since not every bus has a file `modalias` (SD cards have none),
 * yet all tell udev.
 */
function modaliases(machine: GuestSystem): string[] {
  const found = new Set<string>();
  for (const bus of machine.list(BUSES) ?? []) {
    const devices = `${BUSES}/${bus}/devices`;
    for (const device of machine.list(devices) ?? []) {
      const uevent = machine.readText(`${devices}/${device}/uevent`) ?? '';
      const alias = /^MODALIAS=(.+)$/m.exec(uevent)?.[1];
      if (alias !== undefined) found.add(alias);
    }
  }
  return [...found];
}

/** Most modaliases have no module here, and a built-in driver has none at all: -q, and the exit code says nothing. */
function modprobe(machine: GuestSystem, names: readonly string[]): void {
  for (let i = 0; i < names.length; i += BATCH) {
    machine.run(['modprobe', '-abq', ...names.slice(i, i + BATCH)]);
  }
}
