/** Whether a mount has replayed a journal: a write to the medium, which a person should know of. */
import type { Machine } from '../machine.js';
import type { BlockDevice } from './blkid.js';

/**
 * What the kernel says then: ext4 (fs/ext4/super.c), xfs (fs/xfs/xfs_log_recover.c), btrfs (fs/btrfs/disk-io.c). Its
 * words count rather than a flag on the medium: they tell what was done, not what was due.
 */
const WORDS = [
  /EXT4-fs \((.*)\): recovery complete/,
  /XFS \((.*)\): Ending recovery/,
  /BTRFS.*\(device ([^ )]*).*\): start tree-log replay/,
];

/** Whether the kernel has replayed the journal of one of these devices since `begun`, in seconds of uptime. */
export function replayed(machine: Machine, devices: readonly BlockDevice[], begun: number): boolean {
  const names = devices.map(({ node }) => node.slice('/dev/'.length));
  return machine
    .run(['dmesg'])
    .stdout.split('\n')
    .some((line) => {
      const [, time, text] = /^\[ *([0-9.]+)\] (.*)$/.exec(line) ?? [];
      if (text === undefined || Number(time) < begun) return false;
      return WORDS.some((words) => names.includes(words.exec(text)?.[1] ?? ''));
    });
}
