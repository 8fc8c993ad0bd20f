/** By what GRUB and early boot find the file systems with the menu and the images. Pure. */
import { type Opening, PLAIN } from '../../core/boot/opening.js';
import type { MediumIds } from './ids.js';
import type { Layout } from './layout.js';

/** A file system by its UUID, or, where that is no more than a date (ISO 9660), by its label. */
export interface MenuPlace {
  readonly tag: 'UUID' | 'LABEL';
  readonly value: string;
}

export function byUuid(value: string): MenuPlace {
  return { tag: 'UUID', value };
}

export function byLabel(value: string): MenuPlace {
  return { tag: 'LABEL', value };
}

/** As `mkma_storage_device=` names it. */
export function deviceOf({ tag, value }: MenuPlace): string {
  return `${tag}=${value}`;
}

/** Options of GRUB's command `search` (GRUB manual, "search"). */
export function searchOptions({ tag, value }: MenuPlace): string {
  return `${tag === 'UUID' ? '--fs-uuid' : '--label'} --set=root ${value}`;
}

/** The same before there is an interpreter: in the configuration inside of a core image. */
export function earlySearch({ tag, value }: MenuPlace): string {
  return `${tag === 'UUID' ? 'search.fs_uuid' : 'search.fs_label'} ${value} root`;
}

/** What entries of a medium name. */
export interface MediumDevices {
  /** The file system with the images, as `mkma_storage_device=` names it. */
  readonly device: string;
  /** Volumes that it is on; absent: as the command line of each generation says. */
  readonly opening?: Opening;
  /** On an encrypted medium, the file system with menu, kernels and initramfs. */
  readonly bootDevice?: string;
}

/** Those of a medium that is not encrypted. */
export function plainDevices(device: string): MediumDevices {
  return { device, opening: PLAIN };
}

/** Those of an encrypted medium, by UUIDs. */
export function encryptedDevices(uuids: Pick<MediumIds, 'storage' | 'boot' | 'luks'>): MediumDevices {
  const { storage, boot, luks } = uuids;
  return {
    device: deviceOf(byUuid(storage)),
    opening: { luks: [luks], lvm: [] },
    bootDevice: deviceOf(byUuid(boot)),
  };
}

/** Where the menu of a medium is that is made. */
export function menuPlaceOf({
  layout,
  ids,
}: {
  readonly layout: Layout;
  readonly ids: MediumIds;
}): MenuPlace {
  return byUuid(layout.boot === undefined ? ids.storage : ids.boot);
}
