/** The storage device: awaited, found, mounted read-only, released. */

import { driverOf } from '../../core/boot/device.js';
import { PARAM } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import {
  type BlockDevice,
  describeAll,
  describeDevice,
  listBlockDevices,
  matching,
} from '../storage/blkid.js';
import type { GuestSystem } from '../system.js';
import { completeOnly, membersMissing, withMembers } from './btrfs.js';
import { STORAGE } from './folders.js';
import { hasCleanJournal, replayed } from './journal.js';
import type { Drivers } from './modules.js';
import { say } from './say.js';
import type { Settings } from './settings.js';

/** Milliseconds between two checks of the devices while waiting. */
const POLL = 100;
/** Seconds after which blkid runs again even if the list of block devices is the same. */
const ASK_AGAIN = 1;

/** What blkid calls containers of file systems, and what people call them. */
const CONTAINERS: Readonly<Record<string, string>> = {
  crypto_LUKS: 'an encrypted volume (LUKS)',
  LVM2_member: 'part of an LVM volume group',
  linux_raid_member: 'part of a software RAID',
  zfs_member: 'part of a ZFS pool',
  swap: 'swap space',
  swsuspend: 'a hibernated system',
};

export interface Storage {
  readonly node: string;
  readonly type: string;
  /** Warnings, as printed on the console. */
  readonly warnings: readonly string[];
}

/**
 * Waits for the device, loading drivers for whatever appears, and returns all that match the name; of a btrfs
 * on several devices all of them, whichever the name matches.
 */
export function findStorage(
  machine: GuestSystem,
  settings: Settings,
  drivers: Drivers,
): Result<BlockDevice[]> {
  const { device, timeout } = settings;
  if (device === undefined) return err(notNamed(machine, drivers));
  drivers.loadVirtual();
  const start = machine.uptime();
  let seen = '';
  let askedAt = Number.NEGATIVE_INFINITY;
  let found: BlockDevice[] = [];
  let complete: BlockDevice[] = [];
  for (let turn = 0; ; turn++) {
    if (turn > 0) drivers.loadAll();
    const now = machine.uptime();
    const partitions = machine.readText('/proc/partitions') ?? '';
    if (partitions !== seen || now - askedAt >= ASK_AGAIN) {
      const all = listBlockDevices(machine);
      found = withMembers(machine, all, matching(all, device.name));
      complete = completeOnly(machine, found);
      if (found.length > 0 && complete.length === found.length) return ok(found);
      seen = partitions;
      askedAt = now;
    }
    if (now - start >= timeout) break;
    if (turn > 0) machine.sleep(POLL);
  }
  if (complete.length > 0) return ok(complete);
  return err(
    found.length > 0
      ? membersMissing(machine, found, timeout, device.asked)
      : notFound(machine, settings, device.asked),
  );
}

function notNamed(machine: GuestSystem, drivers: Drivers): Problem {
  // Drivers are loaded anyway, so that the list below is complete.
  for (let i = 0; i < 20; i++) {
    drivers.loadAll();
    machine.sleep(POLL);
  }
  return {
    code: 'storage-unnamed',
    what: 'the kernel command line does not name the storage device',
    where: `${PARAM.device}=`,
    why: ['the parameter is missing. Block devices of this machine:', ...describeAll(machine)].join('\n'),
    next: `add ${PARAM.device}=UUID=... (or LABEL=, PARTUUID=, PARTLABEL=, a path) in the boot loader`,
  };
}

function notFound(machine: GuestSystem, settings: Settings, asked: string): Problem {
  const devices = describeAll(machine);
  const list = devices.length === 0 ? ['there are no block devices'] : devices;
  const empty = settings.device?.name.by === 'path' && machine.info(settings.device.name.path) !== undefined;
  return {
    code: empty ? 'storage-without-file-system' : 'storage-missing',
    what: empty ? 'the storage device has no file system' : 'the storage device did not appear',
    where: `${PARAM.device}=${asked}`,
    why: [`waited ${settings.timeout} seconds. Block devices of this machine:`, ...list].join('\n'),
    next:
      devices.length === 0
        ? 'find the missing driver (see dmesg and /lib/modules) and build again with it'
        : `correct ${PARAM.device} in the boot loader, attach the device, or raise ${PARAM.timeout}`,
  };
}

/** The type of the file system on a device; `undefined` if it has none. */
export function mountableType(device: BlockDevice): string | undefined {
  const type = device.tags.TYPE;
  return type === undefined || CONTAINERS[type] !== undefined ? undefined : type;
}

/** What to do about a container; early boot opens two kinds. */
function howToOpen({ tags }: BlockDevice): string {
  const plain = 'put the images on a plain file system (ext4, xfs, btrfs, vfat ...) and name it';
  const inside = `name the file system inside with ${PARAM.device}=`;
  if (tags.TYPE === 'crypto_LUKS') return `add ${PARAM.luks}=${tags.UUID} in the boot loader, and ${inside}`;
  if (tags.TYPE === 'LVM2_member') return `add ${PARAM.lvm}=VG/LV in the boot loader, and ${inside}`;
  return plain;
}

/** Mounts a file system, which is on all of the devices, read-only at `point`. */
export function mountStorage(
  machine: GuestSystem,
  found: readonly BlockDevice[],
  drivers: Drivers,
  point = STORAGE,
): Result<Storage> {
  const device = found[0] as BlockDevice;
  const type = mountableType(device);
  if (type === undefined) {
    const container = CONTAINERS[device.tags.TYPE ?? ''];
    return err({
      code: 'storage-without-file-system',
      what: 'the storage device has no file system that early boot can mount',
      where: describeDevice(device),
      why: container === undefined ? 'blkid finds no file system on it' : `it is ${container}`,
      next: howToOpen(device),
    });
  }
  const clean = hasCleanJournal(machine, device.node, type);
  const hibernated = !clean && isHibernated(machine, drivers);
  if (hibernated) say(machine, 'this machine holds a hibernated system: journals are not replayed');
  let words = '';
  for (const options of mountOptions(type, found, hibernated)) {
    const begun = machine.uptime();
    const mount = machine.run(['mount', '-t', driverOf(type), '-o', options.join(','), device.node, point]);
    if (mount.code === 0) {
      // btrfs announces a replay even if it then cannot write: only a first mount counts.
      const done = !clean && words === '' && replayed(machine, found, begun);
      const warnings = journalWarnings(device, done, words);
      for (const warning of warnings) say(machine, warning);
      return ok({ node: device.node, type, warnings });
    }
    words = mount.stderr.trim();
  }
  const kernel = machine.run(['sh', '-c', 'dmesg | tail -n 4'], { mayLack: true }).stdout.trimEnd();
  const spared = hibernated && NO_REPLAY[type] !== undefined;
  return err({
    code: 'storage-not-mounted',
    what: 'cannot mount the storage device',
    where: `${device.node} (${type})`,
    why: [
      words,
      kernel,
      ...(spared
        ? ['its journal was not replayed: a hibernated system of this machine may depend on it']
        : []),
    ].join('\n'),
    next: spared
      ? 'resume the hibernated system and shut it down, then boot again'
      : 'check the file system from another system (fsck), or use another device',
  });
}

/** Warnings about a successful mount; `words`: why it failed with the journal. */
function journalWarnings({ node }: BlockDevice, done: boolean, words: string): string[] {
  if (done) return [`${node} was not unmounted cleanly: its journal was replayed`];
  return words === ''
    ? []
    : [`${node} is mounted without its journal, which could not be replayed: ${words}`];
}

/** By file system: the option that disables replaying its journal (ext4(5), xfs(5), btrfs(5)). */
const NO_REPLAY: Readonly<Record<string, string>> = {
  ext3: 'noload',
  ext4: 'noload',
  xfs: 'norecovery',
  btrfs: 'rescue=nologreplay',
};

/**
 * Mount options to try in turn. The journal is replayed first, since the images may have been written just
 * before a power cut; if the medium cannot be written, it is not. A hibernated system depends on its
 * journals: on such a machine nothing is ever replayed, even if mounting fails.
 */
export function mountOptions(
  type: string,
  found: readonly BlockDevice[],
  hibernated: boolean,
): readonly (readonly string[])[] {
  const base = ['ro', 'nosuid', 'nodev', 'noexec'];
  if (type === 'vfat') base.push('utf8=1');
  if (type === 'btrfs') {
    // Paths start at the top level, whatever the default subvolume is; every device of the file system is
    // named.
    base.push('subvolid=5', ...found.slice(1).map((device) => `device=${device.node}`));
  }
  const untouched = NO_REPLAY[type];
  if (untouched === undefined) return [base];
  const careful = [...base, untouched];
  return hibernated ? [careful] : [base, careful];
}

/** Its swap space may be on any disk. */
function isHibernated(machine: GuestSystem, drivers: Drivers): boolean {
  drivers.loadAll();
  return listBlockDevices(machine).some((device) => device.tags.TYPE === 'swsuspend');
}

/** A problem if the device disappeared: what could not be read since then may be intact. */
export function checkAttached(machine: GuestSystem, { node }: Storage): Result<void> {
  if (machine.info(node) !== undefined) return ok();
  return err({
    code: 'storage-gone',
    what: 'the storage device disappeared',
    where: node,
    why: 'not everything had been read from it',
    next: 'reattach it and exit to retry; or boot without the missing layers, with mkma_layers in the boot loader',
  });
}

/** Unmounts the storage: from here on the medium may be removed. */
export function releaseStorage(machine: GuestSystem, point = STORAGE): Result<void> {
  const umount = machine.run(['umount', point]);
  if (umount.code === 0) return ok();
  return err({
    code: 'storage-busy',
    what: 'cannot unmount the storage device',
    where: point,
    why: umount.stderr.trim(),
    next: 'find the program that uses it: ls -l /proc/*/cwd /proc/*/fd; a boot in which no shell was opened has none',
  });
}
