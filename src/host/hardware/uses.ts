/** Which modules drive a machine's devices, and what for. Pure. */
import { type AliasIndex, modulesFor } from '../kernel/modalias.js';
import { type ModuleIndex, moduleName } from '../kernel/modules.js';
import type { Device } from './devices.js';

/** What a device is for, as users would call it. */
export type Kind = 'graphics' | 'Wi-Fi' | 'Bluetooth' | 'wired network' | 'sound' | 'other';

/** A device and the modules that drive it. */
export interface Use {
  readonly device: Device;
  readonly kind: Kind;
  /** The bound driver's; without one, all that match its modalias. */
  readonly modules: readonly string[];
}

/** A kernel's modules. */
export interface KernelModules {
  readonly index: ModuleIndex;
  readonly aliases: AliasIndex;
}

/** Base classes and subclasses of PCI (include/linux/pci_ids.h), as in modaliases. */
const CLASSES: readonly (readonly [RegExp, Kind])[] = [
  [/bc03sc/, 'graphics'],
  [/bc02sc00/, 'wired network'],
  [/bc02sc80/, 'Wi-Fi'],
  [/bc04sc0[13]/, 'sound'],
];

/** Folders of modules in the kernel's tree. */
const FOLDERS: readonly (readonly [RegExp, Kind])[] = [
  [/^kernel\/drivers\/gpu\/drm\//, 'graphics'],
  [/^kernel\/drivers\/net\/wireless\//, 'Wi-Fi'],
  [/^kernel\/drivers\/bluetooth\//, 'Bluetooth'],
  [/^kernel\/drivers\/net\/(ethernet|usb|vmxnet3|hyperv|virtio_net)\b/, 'wired network'],
  [/^kernel\/sound\//, 'sound'],
];

/** A Bluetooth adapter on USB (class E0h, wireless controller; subclass and protocol 01h). */
const BLUETOOTH = /icE0isc01ip01/;

/** Uses of all devices that have a driver. Without `kernel`, only those of bound drivers. */
export function usesOf(devices: readonly Device[], kernel: KernelModules | undefined): Use[] {
  return devices.flatMap((device) => {
    const modules = modulesOf(device, kernel);
    const kind = kindOf(device, modules, kernel?.index);
    return modules.length === 0 && kind === 'other' ? [] : [{ device, kind, modules }];
  });
}

function modulesOf({ driver, modalias }: Device, kernel: KernelModules | undefined): string[] {
  const answering = kernel === undefined ? [] : modulesFor(kernel.aliases, modalias);
  if (driver === undefined) return answering;
  // Drivers of buses (pcieport, usb) are not modules and match nothing.
  const known = kernel === undefined || kernel.index.files.has(driver) || kernel.index.builtin.has(driver);
  return known ? [driver] : answering;
}

function kindOf({ bus, modalias }: Device, modules: readonly string[], index: ModuleIndex | undefined): Kind {
  const paths = modules.map((name) => index?.files.get(name)?.path ?? '');
  const byFolder = FOLDERS.find(([folder]) => paths.some((path) => folder.test(path)));
  if (byFolder !== undefined) return byFolder[1];
  if (bus === 'usb' && BLUETOOTH.test(modalias)) return 'Bluetooth';
  // virtio_pci is only the transport; the device is on a bus of its own.
  if (bus !== 'pci' || modules.includes('virtio_pci')) return 'other';
  return CLASSES.find(([pattern]) => pattern.test(modalias))?.[1] ?? 'other';
}

/** Only a device decides which firmware of such modules is needed: they drive many vendors' chips. */
const OF_MANY = new Set(['btusb']);

/**
 * A module and those it needs: some drivers leave the firmware to a module of their family (rtw88_8822ce to
 * rtw88_8822c).
 */
export function withNeeded(module: string, index: ModuleIndex): string[] {
  const needs = OF_MANY.has(module) ? [] : (index.files.get(module)?.needs ?? []);
  return [module, ...needs.map(moduleName)];
}
