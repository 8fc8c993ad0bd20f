/** Whether a mount will replay a journal, or has: a write to the medium, which is reported. */

import type { BlockDevice } from '../storage/blkid.js';
import type { GuestSystem } from '../system.js';

/**
 * The kernel's messages: ext4 (fs/ext4/super.c), xfs (fs/xfs/xfs_log_recover.c), btrfs (fs/btrfs/disk-io.c).
 * They count rather than a flag on the medium, since they report what was done, not what was due.
 */
const WORDS = [
  /EXT4-fs \((.*)\): recovery complete/,
  /XFS \((.*)\): Ending recovery/,
  /BTRFS.*\(device ([^ )]*).*\): start tree-log replay/,
];

/**
 * Position of ext4's superblock, and in it the magic number, the incompatible features, and the flag of a
 * journal to replay.
 */
const EXT4 = {
  superblock: 1024,
  size: 1024,
  magic: 0x38,
  magicValue: 0xef53,
  incompatible: 0x60,
  recover: 0x4,
};

/**
 * Whether there is certainly nothing to replay. Known for ext4 only: it marks a journal in use, also by a
 * hibernated system (fs/ext4/ext4.h: struct ext4_super_block, EXT4_FEATURE_INCOMPAT_RECOVER).
 */
export function hasCleanJournal(machine: GuestSystem, node: string, type: string): boolean {
  if (type !== 'ext4' && type !== 'ext3') return false;
  const bytes = machine.readAt(node, EXT4.superblock, EXT4.size);
  if (bytes?.length !== EXT4.size) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(EXT4.magic, true) !== EXT4.magicValue) return false;
  return (view.getUint32(EXT4.incompatible, true) & EXT4.recover) === 0;
}

/**
 * Whether the kernel has replayed the journal of one of these devices since `begun`, in seconds of uptime.
 */
export function replayed(machine: GuestSystem, devices: readonly BlockDevice[], begun: number): boolean {
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
