/** How a machine boots, and the form of its images. */
import { z } from 'zod';
import { BASE_FILES, type BaseFormat } from '../../../core/contract.js';
import { MODULE_SETS, PARTS, ZRAM_MOST } from '../choices.js';
import { hostPath, machinePath, packageName, suiteName } from './words.js';

const moduleName = z.string().regex(/^[A-Za-z0-9_-]+$/, 'must be the name of a kernel module, as btusb');

const kernel = z
  .discriminatedUnion(
    'from',
    [
      z.strictObject({
        from: z.literal('debian'),
        suite: suiteName.optional().describe("Suite that it is taken from. Default: the machine's."),
        package: packageName
          .optional()
          .describe('Package, as linux-image-rt-amd64. Default: linux-image-ARCHITECTURE.'),
      }),
      z.strictObject({
        from: z.literal('host'),
        release: z
          .string()
          .optional()
          .describe('`uname -r` of one that is installed here. Default: the running one.'),
      }),
      z.strictObject({
        from: z.literal('path'),
        image: hostPath.describe('The kernel, as vmlinuz.'),
        modules: hostPath.describe(
          'The folder of its modules, as lib/modules/6.12.0; its name is the release.',
        ),
      }),
    ],
    'must be { from: "debian" }, { from: "host" } or { from: "path", image, modules }',
  )
  .describe("debian: a kernel package. host: one of this machine. path: one of one's own.");

export const boot = {
  kernel: kernel.default({ from: 'debian' }),
  cmdline: z
    .array(z.string().regex(/^[^\s]+$/, 'must be one parameter without blanks, as "quiet"'))
    .default([])
    .describe('Additions to the kernel command line.'),
  firmware: z
    .array(packageName)
    .default([])
    .describe(
      'Packages with firmware, as firmware-iwlwifi; the component non-free-firmware comes with them.',
    ),
  without: z
    .array(z.enum(PARTS))
    .default([])
    .describe(
      'What is left out of the machine. docs: documentation but for licences. locales: translations. modules: drivers of hardware that the building machine does not have. firmware: what only such drivers ask for.',
    ),
  keepModules: z
    .array(moduleName)
    .default([])
    .describe('Kernel modules that stay where modules are left out, with those that they need.'),
  zram: z
    .number()
    .int()
    .min(1)
    .max(ZRAM_MOST)
    .optional()
    .describe(
      'Swap in RAM, compressed: its size before compression in percent of the RAM. Default: no swap.',
    ),
  initramfs: z
    .strictObject({
      modules: z
        .enum(MODULE_SETS)
        .default('generic')
        .describe(
          'generic: drivers for whatever machine the images are booted on. hardware: for the building machine.',
        ),
      extraModules: z
        .array(moduleName)
        .default([])
        .describe('Further kernel modules, with those that they need.'),
      binaries: z
        .array(machinePath)
        .default([])
        .describe('Further programs of the machine, with their libraries.'),
    })
    .prefault({})
    .describe('Early boot.'),
  format: z
    .enum(Object.keys(BASE_FILES) as [BaseFormat, ...BaseFormat[]])
    .default('cpio')
    .describe(
      'The form of the base. cpio: an archive, unpacked into RAM. erofs: a file system that stays compressed there.',
    ),
  xino: z
    .boolean()
    .default(true)
    .describe(
      'Whether all files of the machine have one device number (st_dev), as programs expect that stay on one file system: du -x, backups. With an EROFS base their inode numbers then take 64 bits, with which programs of 32 bits without large file support fail (EOVERFLOW). false: small numbers, several devices.',
    ),
  compressionLevel: z.number().int().min(1).max(19).default(3).describe('zstd level of the images.'),
};
