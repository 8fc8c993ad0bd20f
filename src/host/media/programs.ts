/** The programs that make media, and the boot programs on them: of the built suite, never of this host. */
import type { Command } from '../sys/command.js';

/** Debian packages that have all of it. mke2fs loads libarchive itself, to read an archive. */
export const MEDIUM_PACKAGES: readonly string[] = [
  ...['shim-signed', 'grub-efi-amd64-signed', 'grub-pc-bin', 'grub-common'],
  ...['e2fsprogs', 'libarchive13t64', 'dosfstools', 'mtools', 'xorriso', 'cryptsetup-bin'],
];

/** Paths in the tree of these packages. */
export const PROGRAM_PATHS = {
  mke2fs: 'usr/sbin/mke2fs',
  dumpe2fs: 'usr/sbin/dumpe2fs',
  cryptsetup: 'usr/sbin/cryptsetup',
  mkfsFat: 'usr/sbin/mkfs.fat',
  mtools: 'usr/bin/mtools',
  grubMkimage: 'usr/bin/grub-mkimage',
  xorriso: 'usr/bin/xorriso',
} as const;

/** What firmware and GRUB run, as paths in that tree. */
export const BOOT_PROGRAMS = {
  shim: 'usr/lib/shim/shimx64.efi.signed',
  mokManager: 'usr/lib/shim/mmx64.efi.signed',
  grub: 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
  grubPc: 'usr/lib/grub/i386-pc',
  bootImage: 'usr/lib/grub/i386-pc/boot.img',
  cdBootImage: 'usr/lib/grub/i386-pc/cdboot.img',
  hybridImage: 'usr/lib/grub/i386-pc/boot_hybrid.img',
} as const;

export interface MediumTools {
  /** The tree. */
  readonly root: string;
  /** Each starts its program with the tree's own loader and libraries. */
  readonly programs: Readonly<Record<keyof typeof PROGRAM_PATHS, (args: readonly string[]) => Command>>;
}
