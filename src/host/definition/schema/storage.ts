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
    .record(machinePath, ramVolume)
    .default({})
    .describe(
      'File systems in RAM of their own, by where they are mounted: empty at each boot, bounded, and outside of snapshots. For caches, and for stores of containers, which cannot lie on an overlay.',
    ),
};
