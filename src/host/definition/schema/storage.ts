/** What a machine mounts besides its root: disks, swap on them, and volumes in RAM. */
import { z } from 'zod';
import { machinePath, mode, owner } from './words.js';

/** As tmpfs(5) takes it: percent of the RAM, or bytes. */
const size = z
  .string()
  .regex(
    /^([1-9]\d?%|[1-9]\d*[kKmMgG]?)$/,
    'must be percent of the RAM from 1% to 99%, or bytes as "512M" or "2G"',
  );

const ramVolume = z
  .strictObject({
    size: size.describe('Most that it takes: percent of the RAM ("30%"), or bytes ("512M", "2G").'),
    mode: mode.default('0755').describe('Permissions of its root, in octal.'),
    owner: owner.optional().describe('user or user:group, by the names in the machine. Default: root.'),
  })
  .describe('A file system in RAM of its own.');

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
  .regex(/^[^\s,#"]+$/, 'must be one option: each has an entry of its own, without commas and spaces');

/** A name of a device mapper's device: DM_NAME_LEN of 128 bytes (linux/dm-ioctl.h), `control` is its own. */
const mapperName = z
  .string()
  .regex(
    /^(?!control$|\.{1,2}$)[A-Za-z0-9._+-]{1,127}$/,
    'must be 1 to 127 of A-Z, a-z, 0-9, ., _, + and -, and not "control"',
  );

const encryption = z
  .strictObject({
    name: mapperName
      .optional()
      .describe('Its name in /dev/mapper. Default: the mount point, /srv/data as srv-data; of swap: swap.'),
    keyFile: machinePath
      .refine((path) => !/\s/.test(path), 'must have no spaces: crypttab(5) knows no escapes')
      .optional()
      .describe('File with the key: in the machine, on another of its mounts, or on keyDevice.'),
    keyDevice: z
      .string()
      .regex(
        new RegExp(`^${TAG}$`),
        'must be UUID=, LABEL=, PARTUUID= or PARTLABEL= with a value without quotes',
      )
      .optional()
      .describe(
        'File system on which keyFile lies, such as a USB stick: mounted for as long as the key is read.',
      ),
    tpm2: z
      .boolean()
      .default(false)
      .describe('Unlock by the key that systemd-cryptenroll has put into the TPM of this computer.'),
    options: z.array(option).default([]).describe('Further options of crypttab(5), such as "discard".'),
  })
  .describe('How it is unlocked.');

const ENCRYPTED = '{ name, keyFile, keyDevice, tpm2, options }';

const mount = z
  .strictObject({
    device: device.describe('UUID=, LABEL=, PARTUUID= or PARTLABEL= with its value, or a path below /dev.'),
    type: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be a file system, as "ext4" or "btrfs"')
      .default('auto')
      .describe('File system, as "ext4". auto: whatever is found there.'),
    options: z.array(option).default([]).describe('Further mount options (mount(8)), such as "noatime".'),
    encrypted: z
      .union([z.boolean(), encryption], `must be true, false or ${ENCRYPTED}`)
      .default(false)
      .describe('LUKS. true: the passphrase is asked for on the console at boot.'),
    required: z
      .boolean()
      .default(false)
      .describe('true: without the disk the boot ends in an emergency shell. Otherwise it goes on.'),
  })
  .describe('A file system on a disk.');

const swap = z
  .strictObject({
    device: device.describe('As of a mount. With encrypted: "random" only PARTUUID= or /dev/disk/by-id/.'),
    encrypted: z
      .union([z.boolean(), z.literal('random'), encryption], `must be "random", true, false or ${ENCRYPTED}`)
      .default(false)
      .describe(
        'random: with a new key at each boot, which destroys what is on the partition. Otherwise as of a mount.',
      ),
    priority: z
      .number()
      .int()
      .min(0)
      .max(32_767)
      .optional()
      .describe('Priority (swapon(8)): the highest is used first. Default: the kernel goes by the order.'),
    options: z.array(option).default([]).describe('Further options (swapon(8)), such as "discard".'),
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
      'File systems on disks, by where they are mounted: outside of the RAM and of snapshots. One that is absent does not stop the boot, and is reported at login and by mkma status. false: removes a mount that the definition inherits.',
    ),
  swap: z.array(swap).default([]).describe('Swap on disks. One that is absent does not stop the boot.'),
  ramVolumes: z
    .record(machinePath, z.union([z.literal(false), ramVolume], 'must be { size, mode, owner }, or false'))
    .default({})
    .describe(
      'File systems in RAM of their own, by mount point: empty at each boot, bounded, and outside of snapshots. false: none there, whatever a preset or a package says. Stores of container engines, which cannot lie on an overlay, have one by default: with podman or buildah /var/lib/containers (30% of the RAM) and ~/.local/share/containers of each user with a login (30% shared by all), with docker.io or docker-ce /var/lib/docker and /var/lib/containerd (30% each). A volume of your own at or above such a path replaces the default.',
    ),
};
