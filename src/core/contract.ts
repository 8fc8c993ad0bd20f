/**
 * Names that both sides and every user rely on: kernel parameters, file names, paths on the running machine.
 * This is their only source: the host renders them, the guest reads them, nothing else spells them.
 */

/** Version of the image format written and understood (docs/image-format.md). */
export const FORMAT_VERSION = 1;

/** Kernel command line parameters. */
export const PARAM = {
  /** The device with the images: a path, `UUID=`, `LABEL=`, `PARTUUID=` or `PARTLABEL=`. */
  device: 'mkma_storage_device',
  /** The images folder on that device. */
  path: 'mkma_images_path',
  /** Another device for layers, where the images are read-only: `DEVICE` or `DEVICE:/path`. */
  layersDevice: 'mkma_layers_device',
  /** Size of the RAM file system: a share of RAM (`60%`) or an amount (`6G`). */
  size: 'mkma_size',
  /**
   * Layers to apply: `all`, `none`, or names separated by commas; `-NAME` leaves one out, `!NAME` forces one.
   */
  layers: 'mkma_layers',
  /** Seconds to wait for the device. */
  timeout: 'mkma_timeout',
  /** Phase before which a shell is opened. */
  breakAt: 'mkma_break',
  /** An encrypted volume (LUKS) to open, by the UUID of its header; repeatable. */
  luks: 'mkma_luks',
  /** A logical volume (LVM) to activate, `VG/LV`; repeatable. */
  lvm: 'mkma_lvm',
  /** A key file on another device, `DEVICE:/path`. */
  key: 'mkma_key',
} as const;

/** Values of parameters that are not given. */
export const DEFAULTS = { path: '/', size: '50%', layers: 'all', timeout: 30 } as const;

/** Bytes of the RAM file system that a running system needs beside its images. */
export const RAM_HEADROOM = 32 * 2 ** 20;

/**
 * Bytes of kernel memory per name on a tmpfs, beside its content: an inode and a directory entry, rounded up.
 */
export const NAME_COST = 1024;

/**
 * Most layers of an overlay beside the base (OVL_MAX_STACK, fs/overlayfs/params.h: 500 lower directories).
 */
export const MOST_LAYERS = 499;

/**
 * From these numbers of layers on, looking up names takes noticeably longer: 20,000 names that are not cached
 * take 0.16 s with one layer, 2.5 s with 100, 11 s with 499. First there is a hint, then a warning.
 */
export const MANY_LAYERS = { hint: 60, warning: 200 } as const;

/** The phases of early boot, in order, that `mkma_break=` can name. */
export const PHASES = ['mount', 'load', 'layers', 'handover'] as const;
export type Phase = (typeof PHASES)[number];

/**
 * The formats of a base and the files that hold it: an archive to unpack, or a file system that stays
 * compressed.
 */
export const BASE_FILES = { cpio: 'base.cpio.zst', erofs: 'base.erofs' } as const;
export type ImageFormat = keyof typeof BASE_FILES;

/** Files that a build leaves in its output folder, besides the base. */
export const FILES = {
  initramfs: 'initramfs.cpio.zst',
  /** Only if the system contains CPU microcode. */
  microcode: 'microcode.cpio',
  kernel: 'vmlinuz',
  cmdline: 'cmdline',
  /** The list of packages, in SPDX 2.3. */
  sbom: 'packages.spdx.json',
  chroot: 'chroot',
  initramfsTree: 'initramfs',
} as const;

/** Where the initramfs keeps what mkma put there. */
export const INITRAMFS = {
  /** Name of the manifest inside the initramfs (which cannot carry a skippable frame). */
  manifest: 'mkma/manifest.json',
  /** The bundled init program. */
  program: 'mkma/init.js',
  /** Modules to load before devices are looked for, one name per line. */
  modules: 'mkma/modules',
  /** The keyboard layout as busybox's loadkmap reads it; only where passphrases are asked for. */
  keymap: 'mkma/keymap',
  /** Present: a failed boot from encrypted storage may open a root shell. */
  shellAllowed: 'mkma/shell-allowed',
} as const;

/** Storage that early boot has to open before it finds a file system: LUKS, LVM. */
export const STORAGE_KINDS = ['luks', 'lvm'] as const;
export type StorageKind = (typeof STORAGE_KINDS)[number];

/** The view of the RAM file system on the running machine, relative to `/`. */
export const OVERLAY = { root: 'overlay', base: 'base', fresh: 'fresh', layers: 'layers' } as const;

/** Beside them: files that early boot composed of several layers, if any. */
export const COMPOSED = 'composed';

/** Rules of the definition for `mkma persist`: they overrule the shipped ones beside them. */
export const DEFINED_RULES = '/usr/lib/mkma/definition.rules';

/**
 * On the machine: to what an identity that is saved there belongs, `machine` (also without the file) or
 * `medium`; a line that begins with # is a comment.
 */
export const IDENTITY_SETTING = '/etc/mkma/identity';

/** The beginning of every line that init prints; tests and `mkma test` look for it. */
export const INIT_PREFIX = 'mkma:';

/** What init prints when it gives up, before the rescue shell opens. */
export const INIT_FAILED = 'mkma: BOOT FAILED in phase';

/** The beginning of the line by which early boot reports that nothing was opened by what was typed. */
export const WRONG_PASSPHRASE = 'mkma: wrong passphrase';
