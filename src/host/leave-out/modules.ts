/** Which kernel modules a machine does not need: drivers of hardware that it does not have. Pure. */
import { type ModuleIndex, moduleName, selectModules } from '../kernel/modules.js';

/**
 * Folders of drivers. Modules elsewhere (file systems, network protocols, ciphers) need no hardware, and
 * stay.
 */
const DRIVERS = /^kernel\/(drivers|sound)\//;

/**
 * Folders with drivers of hardware only: a module there without a modalias is shared by drivers, and stays if
 * one of them does. Elsewhere it is a driver of something without hardware: loop, dm-crypt, wireguard.
 */
const HARDWARE_FOLDERS = new RegExp(
  `^kernel/(${[
    'drivers/(atm|bluetooth|comedi|edac|firewire|gpu|hwmon|hwtracing|iio|infiniband|input/(joystick|touchscreen)|isdn)',
    'drivers/(media|mfd|misc|mtd|nfc|pcmcia|pinctrl|platform|soundwire|staging|thermal|usb/(atm|gadget|misc|serial)|video|w1)',
    'drivers/net/(arcnet|ethernet|hamradio|phy|wan|wireless|wwan)',
    'sound/(firewire|i2c|isa|pci|soc|usb)',
  ].join('|')})/`,
);

/**
 * Paths of the modules to remove: drivers of devices, except those in `present` and those in `needed` by
 * name, and what they need. In byte order.
 */
export function needlessModules(
  index: ModuleIndex,
  present: readonly string[],
  needed: readonly string[],
): string[] {
  const wanted = new Set([...present, ...needed].map(moduleName));
  const stays = (name: string, path: string): boolean =>
    !DRIVERS.test(path) || wanted.has(name) || !(index.drivers.has(name) || HARDWARE_FOLDERS.test(path));
  const named = [...index.files].filter(([name, { path }]) => stays(name, path)).map(([name]) => name);
  const kept = new Set(selectModules(index, [...named, ...wanted]).paths);
  return [...index.files.values()]
    .map(({ path }) => path)
    .filter((path) => !kept.has(path))
    .sort();
}
