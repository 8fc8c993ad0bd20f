/** By what GRUB and early boot find the file system with the menu and the images. Pure. */

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
