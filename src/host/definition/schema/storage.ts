/** What a machine mounts besides its root: disks, swap on them, and volumes in RAM. */
import { z } from 'zod';
import { machinePath, mode, owner } from './words.js';

/** A size of tmpfs(5): percent of the RAM, or bytes. */
const size = z
  .string()
  .regex(
    /^([1-9]\d?%|[1-9]\d*[kKmMgG]?)$/,
    'must be 1% to 99% of the RAM, or a number of bytes such as "512M" or "2G"',
  );

const ramVolume = z
  .strictObject({
    size: size.describe('Maximum size: percent of the RAM ("30%"), or bytes ("512M", "2G").'),
    mode: mode.default('0755').describe('Permissions of its root directory, in octal.'),
    owner: owner.optional().describe('USER or USER:GROUP, names or numbers in the machine. Default: root.'),
  })
  .describe('A separate file system in RAM.');

/** A tag that blkid(8) finds a device by. */
const TAG = '(UUID|LABEL|PARTUUID|PARTLABEL)=[^"\\n\\0]*[^"\\n\\0\\s]';

const device = z
  .string()
  .regex(
    new RegExp(`^(${TAG}|/dev/[^\\s"\\0]*[^\\s"\\0/])$`),
    'must be UUID=, LABEL=, PARTUUID= or PARTLABEL= with a value without quotes, or a path below /dev',
  );

/** An option of fstab(5) or crypttab(5). */
const option = z
  .string()
  .regex(/^[^\s,#"]+$/, 'must be one option without commas and spaces; further options are separate entries');

/** A name of a device mapper's device: DM_NAME_LEN of 128 bytes (linux/dm-ioctl.h), `control` is its own. */
const mapperName = z
  .string()
  .regex(
    /^(?!control$|\.{1,2}$)[A-Za-z0-9._+-]{1,127}$/,
    'must consist of 1 to 127 of A-Z, a-z, 0-9, ., _, + and -, and must not be "control"',
  );

const encryption = z
  .strictObject({
    name: mapperName
      .optional()
      .describe(
        'Its name in /dev/mapper. Default: from the mount point, srv-data for /srv/data; for swap, swap.',
      ),
    keyFile: machinePath
      .refine((path) => !/\s/.test(path), 'must not contain spaces: crypttab(5) has no escapes')
      .optional()
      .describe('File with the key: in the image, on another mount, or on keyDevice.'),
    keyDevice: z
      .string()
      .regex(
        new RegExp(`^${TAG}$`),
        'must be UUID=, LABEL=, PARTUUID= or PARTLABEL= with a value without quotes',
      )
      .optional()
      .describe(
        'File system that contains keyFile, such as a USB stick; it is mounted only while the key is read.',
      ),
    tpm2: z
      .boolean()
      .default(false)
      .describe('Unlock it with a key that systemd-cryptenroll enrolled in the TPM of the machine.'),
    options: z.array(option).default([]).describe('Additional options of crypttab(5), such as "discard".'),
  })
  .describe('How it is unlocked.');

const ENCRYPTED = '{ name, keyFile, keyDevice, tpm2, options }';

const mount = z
  .strictObject({
    device: device.describe('UUID=, LABEL=, PARTUUID= or PARTLABEL= with a value, or a path below /dev.'),
    type: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be a file system, such as "ext4" or "btrfs"')
      .default('auto')
      .describe('File system, such as "ext4". auto: detect it.'),
    options: z.array(option).default([]).describe('Additional mount options (mount(8)), such as "noatime".'),
    encrypted: z
      .union([z.boolean(), encryption], `must be true, false or ${ENCRYPTED}`)
      .default(false)
      .describe('LUKS encryption. true: the boot asks for the passphrase on the console.'),
    required: z
      .boolean()
      .default(false)
      .describe('true: without the disk, the boot ends in an emergency shell. false: it continues.'),
  })
  .describe('A file system on a disk.');

const swap = z
  .strictObject({
    device: device.describe('As for mounts. With encrypted: "random", only PARTUUID= or /dev/disk/by-id/.'),
    encrypted: z
      .union([z.boolean(), z.literal('random'), encryption], `must be "random", true, false or ${ENCRYPTED}`)
      .default(false)
      .describe(
        'random: a new key at each boot, which destroys what is on the partition. Otherwise as for mounts.',
      ),
    priority: z
      .number()
      .int()
      .min(0)
      .max(32_767)
      .optional()
      .describe('Priority (swapon(8)): the highest is used first. Default: by the order of the entries.'),
    options: z.array(option).default([]).describe('Additional options (swapon(8)), such as "discard".'),
  })
  .describe('Swap on a disk.');

export const storage = {
  mounts: z
    .record(
      machinePath,
      z.union([z.literal(false), mount], 'must be { device, type, options, encrypted, required }, or false'),
    )
    .default({})
    .describe(
      'File systems on disks, by mount point. They are neither kept in RAM nor saved in snapshots. A missing disk does not stop the boot; login and mkma status report it. false: removes an inherited mount.',
    ),
  swap: z.array(swap).default([]).describe('Swap on disks. A missing disk does not stop the boot.'),
  ramVolumes: z
    .record(machinePath, z.union([z.literal(false), ramVolume], 'must be { size, mode, owner }, or false'))
    .default({})
    .describe(
      'Separate, bounded file systems in RAM, by mount point; empty at each boot and not saved in snapshots. false: no volume there, overriding presets and packages. Stores of container engines, which do not work on an overlay, have volumes by default: for podman or buildah, /var/lib/containers (30% of the RAM) and ~/.local/share/containers of each user with a login (30% shared by all); for docker.io or docker-ce, /var/lib/docker and /var/lib/containerd (30% each). A volume of your own at or above such a path replaces the default.',
    ),
};
