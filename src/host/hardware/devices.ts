/** Devices of a machine, as sysfs lists them (sysfs(5)). Pure. */
import { moduleName } from '../kernel/modules.js';
import type { SystemFiles } from './system-files.js';

/** A device on a bus. */
export interface Device {
  /** Such as pci or usb. */
  readonly bus: string;
  /** Such as 0000:00:02.0. */
  readonly name: string;
  /** Empty if its bus has none. */
  readonly modalias: string;
  /** The module of its bound driver, or the driver's own name if it is built in. */
  readonly driver: string | undefined;
}

/**
 * Modaliases outside of buses: of all processors together, and of the machine as its vendor describes it.
 */
const OTHERS = [
  { bus: 'cpu', name: 'all', path: 'sys/devices/system/cpu/modalias' },
  { bus: 'dmi', name: 'id', path: 'sys/class/dmi/id/modalias' },
];

/** All devices, ordered by bus and name. */
export function devicesOf(files: SystemFiles): Device[] {
  const onBuses = files
    .list('sys/bus')
    .flatMap((bus) => files.list(`sys/bus/${bus}/devices`).map((name) => deviceOf(files, bus, name)));
  const others = OTHERS.map(({ bus, name, path }) => ({
    ...{ bus, name, modalias: files.text(path).trim(), driver: undefined },
  }));
  return [...onBuses, ...others.filter(({ modalias }) => modalias !== '')];
}

function deviceOf(files: SystemFiles, bus: string, name: string): Device {
  const folder = `sys/bus/${bus}/devices/${name}`;
  // Not every bus has a file `modalias` (SD cards have none), but all have this one, for udev.
  const uevent = files.text(`${folder}/uevent`);
  const driver = /^DRIVER=(.+)$/m.exec(uevent)?.[1];
  const module = driver === undefined ? undefined : files.link(`${folder}/driver/module`);
  const bound = module?.slice(module.lastIndexOf('/') + 1) ?? driver;
  return {
    ...{ bus, name, modalias: /^MODALIAS=(.+)$/m.exec(uevent)?.[1] ?? '' },
    driver: bound === undefined ? undefined : moduleName(bound),
  };
}
