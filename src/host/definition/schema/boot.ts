/** How a machine boots, and the format of its images. */
import { z } from 'zod';
import { fitsBootLoader } from '../../../core/boot/cmdline.js';
import { BASE_FILES, type ImageFormat, STORAGE_KINDS } from '../../../core/contract.js';
import { MODULE_SETS, PARTS, ZRAM_MOST } from '../choices.js';
import { hostPath, machinePath, packageName, suiteName } from './words.js';

const moduleName = z.string().regex(/^[A-Za-z0-9_-]+$/, 'must be the name of a kernel module, such as btusb');

const kernel = z
  .discriminatedUnion(
    'from',
    [
      z.strictObject({
        from: z.literal('debian'),
        suite: suiteName.optional().describe('Suite of the package. Default: that of the machine.'),
        package: packageName
          .optional()
          .describe('Package, such as linux-image-rt-amd64. Default: linux-image-ARCHITECTURE.'),
      }),
      z.strictObject({
        from: z.literal('host'),
        release: z
          .string()
          .optional()
          .describe(
            'Release (uname -r) of a kernel installed on this host. Default: that of the running kernel.',
          ),
      }),
      z.strictObject({
        from: z.literal('path'),
        image: hostPath.describe('Kernel file, such as vmlinuz.'),
        modules: hostPath.describe(
          'Folder of its modules, such as lib/modules/6.12.0; the name of the folder is the release.',
        ),
      }),
    ],
    'must be { from: "debian" }, { from: "host" } or { from: "path", image, modules }',
  )
  .describe('debian: a kernel package. host: a kernel of this host. path: a kernel of your own.');

export const boot = {
  kernel: kernel.default({ from: 'debian' }),
  cmdline: z
    .array(
      z
        .string()
        .regex(/^[^\s]+$/, 'must be one parameter without spaces, such as "quiet"')
        .refine(
          fitsBootLoader,
          'must have no quotes and no backslashes: GRUB does not pass them to the kernel as they are',
        ),
    )
    .default([])
    .describe('Additional kernel parameters.'),
  firmware: z
    .array(packageName)
    .default([])
    .describe('Packages with firmware, such as firmware-iwlwifi; the component non-free-firmware is added.'),
  without: z
    .array(z.enum(PARTS))
    .default([])
    .describe(
      'Parts to leave out of the machine. docs: documentation except licences. locales: translations. modules: drivers for hardware that the building host does not have. firmware: firmware that only such drivers request.',
    ),
  keepModules: z
    .array(moduleName)
    .default([])
    .describe('Kernel modules to keep, with their dependencies, when modules are left out.'),
  zram: z
    .number()
    .int()
    .min(1)
    .max(ZRAM_MOST)
    .optional()
    .describe('Compressed swap in RAM: its size before compression, in percent of the RAM. Default: none.'),
  initramfs: z
    .strictObject({
      modules: z
        .enum(MODULE_SETS)
        .default('generic')
        .describe(
          'generic: drivers for any machine. hardware: drivers for the hardware of the building host.',
        ),
      extraModules: z
        .array(moduleName)
        .default([])
        .describe('Additional kernel modules, with their dependencies.'),
      binaries: z
        .array(machinePath)
        .default([])
        .describe('Additional programs of the machine, with their libraries.'),
      storage: z
        .union(
          [z.literal('auto'), z.array(z.enum(STORAGE_KINDS))],
          'must be "auto", or a list of "luks" and "lvm", such as ["luks"]; []: plain file systems only',
        )
        .default('auto')
        .describe(
          'Storage that early boot can open to reach the images. luks: encrypted volumes. lvm: logical volumes. auto: what the output folder is on, and what mkma_luks= and mkma_lvm= in cmdline name.',
        ),
      keepKey: z
        .boolean()
        .default(false)
        .describe(
          'Whether the keys of encrypted storage stay in the kernel (keyrings(7)), where root can read them: mkma persist then does not ask for the passphrase, and automatic saving works.',
        ),
      encryptedShell: z
        .boolean()
        .default(false)
        .describe(
          'Whether a failed boot from encrypted storage opens a root shell. mkma_break= opens one in any case.',
        ),
    })
    .prefault({})
    .describe('Contents of the initramfs.'),
  format: z
    .enum(Object.keys(BASE_FILES) as [ImageFormat, ...ImageFormat[]])
    .default('cpio')
    .describe(
      'Format of the base. cpio: an archive, unpacked into RAM. erofs: a file system that stays compressed in RAM.',
    ),
  xino: z
    .boolean()
    .default(true)
    .describe(
      'Whether all files report one device number (st_dev), as programs that do not cross file systems (du -x, backup tools) expect. With an EROFS base, inode numbers then take 64 bits, and 32-bit programs without large file support fail (EOVERFLOW). false: small inode numbers, several device numbers.',
    ),
  generations: z
    .strictObject({
      keep: z.int().min(1).max(99).describe('How many of the newest are kept.'),
    })
    .optional()
    .describe(
      'Each build adds a generation: a set of images beside the earlier ones. The oldest are dropped, but never the running, the default or a pinned one.',
    ),
  compressionLevel: z.number().int().min(1).max(19).default(3).describe('zstd level of the images.'),
};
