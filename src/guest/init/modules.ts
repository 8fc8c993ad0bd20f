/** Kernel modules: those always needed, and the drivers of present devices. */
import { INITRAMFS } from '../../core/contract.js';
import type { GuestSystem } from '../system.js';

/** Most module names per modprobe: argument lists are limited. */
const BATCH = 500;

/** Loads drivers of devices that have appeared, once for each device. */
export interface Drivers {
  /**
   * For the devices of a virtual machine only: if the images are on one of them, no other driver is needed.
   */
  loadVirtual(): void;
  /** For all devices. */
  loadAll(): void;
  /** Whether drivers were loaded for all devices. */
  readonly complete: boolean;
}

/**
 * virtio devices, and the PCI devices they are attached to (include/uapi/linux/virtio_ids.h; PCI vendor Red
 * Hat).
 */
const VIRTUAL = /^(virtio:|pci:v00001AF4d)/;

/**
 * The machine's drivers. The first call also loads what `/mkma/modules` lists: starting modprobe takes longer
 * than most modules.
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
      // A bus driver makes more devices appear.
      while (load((alias) => VIRTUAL.test(alias))) {}
    },
    loadAll() {
      load(() => true);
      complete = true;
    },
  };
}

/** Directories in which the buses list each device once, instead of a walk through all of /sys. */
const BUSES = '/sys/bus';

/**
 * The modaliases of all devices on all buses. Read from `uevent`, since not every bus has a file `modalias`
 * (SD cards have none), but all provide it to udev.
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

/**
 * Most modaliases have no module here, and a built-in driver has none at all, hence -q, and the exit code is
 * ignored.
 */
function modprobe(machine: GuestSystem, names: readonly string[]): void {
  for (let i = 0; i < names.length; i += BATCH) {
    machine.run(['modprobe', '-abq', ...names.slice(i, i + BATCH)]);
  }
}
