/** What a machine mounts besides its root: volumes in RAM. */
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

export const storage = {
  ramVolumes: z
    .record(machinePath, z.union([z.literal(false), ramVolume], 'must be { size, mode, owner }, or false'))
    .default({})
    .describe(
      'File systems in RAM of their own, by mount point: empty at each boot, bounded, and outside of snapshots. false: none there, whatever a preset or a package says. Stores of container engines, which cannot lie on an overlay, have one by default: with podman or buildah /var/lib/containers (30% of the RAM) and ~/.local/share/containers of each user with a login (30% shared by all), with docker.io or docker-ce /var/lib/docker and /var/lib/containerd (30% each). A volume of your own at or above such a path replaces the default.',
    ),
};
