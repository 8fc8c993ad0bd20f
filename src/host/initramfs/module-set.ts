/** Which kernel modules early boot contains: those for any machine, or for this one. Pure. */
import type { ModuleSet } from '../definition/choices.js';
import { type ModuleIndex, moduleName } from '../kernel/modules.js';
import { GENERIC_MODULES } from './contents.js';

/**
 * Parts of the generic set that stay whatever the hardware: sticks, cards and keyboards are plugged in later,
 * and `mkma run` and `mkma test` boot in QEMU.
 */
const PLUGGED_IN = ['usbhid', 'hid_generic', 'usb_storage', 'uas', 'xhci_pci', 'mmc_block', 'virtio_pci'];

/** Storage drivers outside of the generic set: the machine may boot from what they drive. */
const STORAGE = /^kernel\/drivers\/(ata|block|message|mmc|nvme|scsi|ufs|usb\/storage)\//;

/**
 * Names of the wanted modules. For `hardware`: what the generic set has for the drivers `present`, its parts
 * that drive no hardware, and storage that it does not know.
 */
export function wantedModules(set: ModuleSet, index: ModuleIndex, present: readonly string[]): string[] {
  if (set === 'generic') return [...GENERIC_MODULES];
  const here = new Set([...present, ...PLUGGED_IN].map(moduleName));
  const generic = GENERIC_MODULES.filter((name) => {
    const known = index.files.has(moduleName(name)) || index.aliases.has(moduleName(name));
    return known && (!index.drivers.has(moduleName(name)) || here.has(moduleName(name)));
  });
  const storage = present.filter((name) => STORAGE.test(index.files.get(name)?.path ?? ''));
  return [...new Set([...generic, ...storage])];
}
