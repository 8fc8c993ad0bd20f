/** Which kinds of storage early boot can open, from the definition alone. Pure. */
import { parseCmdline } from '../../core/boot/cmdline.js';
import { kindsOf, openingOf } from '../../core/boot/opening.js';
import { STORAGE_KINDS, type StorageKind } from '../../core/contract.js';
import type { MachineConfig } from './machine.js';

/** The kinds, in their order. `auto`: what the definition's own kernel parameters name, and `found`. */
export function storageKinds(
  { initramfs, cmdline }: Pick<MachineConfig, 'initramfs' | 'cmdline'>,
  found: readonly StorageKind[] = [],
): StorageKind[] {
  const { storage } = initramfs;
  const named = kindsOf(openingOf(parseCmdline(cmdline.join(' '))));
  const wanted = storage === 'auto' ? [...named, ...found] : storage;
  return STORAGE_KINDS.filter((kind) => wanted.includes(kind));
}

/** Packages that the machine needs to open its storage again, to save: the programs of each kind. */
export function packagesOfStorage(kinds: readonly StorageKind[]): string[] {
  const names = { luks: 'cryptsetup-bin', lvm: 'lvm2' };
  return kinds.map((kind) => names[kind]);
}
