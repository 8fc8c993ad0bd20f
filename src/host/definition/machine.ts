/** The definition of a machine: one schema, from which types, defaults and messages come. */
import { z } from 'zod';
import { BASE_FILES, type BaseFormat } from '../../core/contract.js';
import { PARTS } from '../leave-out/parts.js';

/** A Debian package name (Debian Policy 5.6.1). */
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'is no Debian package name');

/** A host name of one label (hostname(7), RFC 1123). */
export const hostnameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'a host name has 1 to 63 of a-z, 0-9 and -, and neither begins nor ends with -',
  );

/** Sets of kernel modules for early boot. */
export const MODULE_SETS = ['generic', 'hardware'] as const;

/** Percent of the RAM that a swap in RAM may be large, before compression: what fits if it shrinks to a half. */
export const ZRAM_MOST = 200;

export const machineSchema = z.strictObject({
  /** Name of the machine. */
  hostname: hostnameSchema,
  /** Debian suite: trixie or newer, since the early boot's engine is packaged from there on. */
  suite: z
    .string()
    .regex(/^[a-z]+$/, 'is no suite name')
    .default('trixie'),
  /** Archive components. */
  components: z.array(z.string()).default(['main']),
  /** Packages on top of Debian's required ones. */
  packages: z.array(packageName).default([]),
  /** `debian`: the suite's kernel. `host`: the building machine's, of the given release (default: the running one). */
  kernel: z
    .discriminatedUnion('from', [
      z.strictObject({ from: z.literal('debian') }),
      z.strictObject({ from: z.literal('host'), release: z.string() }),
    ])
    .default({ from: 'debian' }),
  /** The form of the base. `cpio`: an archive, unpacked at boot. `erofs`: a file system, kept in RAM as it is. */
  format: z.enum(Object.keys(BASE_FILES) as [BaseFormat, ...BaseFormat[]]).default('cpio'),
  /**
   * What is left out of the machine. `docs`: documentation but for licences, `locales`: translations, `modules`: drivers of hardware
   * that the building machine does not have, `firmware`: what only such drivers ask for.
   */
  without: z.array(z.enum(PARTS)).default([]),
  /** Swap in RAM, compressed (zram): its size before compression in percent of the RAM. Without it there is no swap. */
  zram: z.number().int().min(1).max(ZRAM_MOST).optional(),
  /**
   * Early boot. `generic`: the kernel modules for whatever machine the images may be booted on. `hardware`: those for the building
   * machine.
   */
  initramfs: z.strictObject({ modules: z.enum(MODULE_SETS).default('generic') }).prefault({}),
});

export type ModuleSet = Machine['initramfs']['modules'];
export type Machine = z.output<typeof machineSchema>;
/** A machine with everything optional but what the schema requires: what presets and users write. */
export type MachineInput = z.input<typeof machineSchema>;
