/**
 * Opens what the kernel command line names before the storage device is looked for: encrypted volumes,
 * logical volumes, in whatever order they lie on each other. Nothing else is opened. It is closed again once
 * the images are loaded.
 */
import { kindsOf, type LogicalVolume, type Opening } from '../../core/boot/opening.js';
import { PARAM, type StorageKind } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { describeAll } from '../storage/blkid.js';
import { closingLuks, findLuks, mappingOf } from '../storage/luks.js';
import { activate, deactivating, groupState } from '../storage/lvm.js';
import type { GuestSystem } from '../system.js';
import type { Settings } from './settings.js';
import type { Undo } from './undo.js';
import { type OpenFacts, type Unlocker, unlockerOf } from './unlock.js';

/** Milliseconds between two looks at the devices. */
const POLL = 100;
/** Seconds after which devices are looked at again even if the list of block devices is the same. */
const LOOK_AGAIN = 1;

/** Modules of the device mapper, which nothing else requests. */
const MODULES = ['dm_mod', 'dm_crypt'];

/** Opens all that is named, and returns the commands that close it, in their order. */
export function openStorage(machine: GuestSystem, facts: OpenFacts): Result<(readonly string[])[]> {
  const { settings, manifest, drivers } = facts;
  const { opening } = settings;
  if (opening === undefined) return ok([]);
  const lacking = kindsOf(opening).filter((kind) => manifest.storage?.includes(kind) !== true);
  if (lacking.length > 0) return err(cannotOpen(lacking));
  drivers.loadVirtual();
  machine.run(['modprobe', '-abq', ...MODULES]);
  const unlocker = unlockerOf(machine, facts);
  try {
    return openAll(machine, opening, unlocker, facts);
  } finally {
    unlocker.close();
  }
}

function openAll(
  machine: GuestSystem,
  opening: Opening,
  unlocker: Unlocker,
  { settings, drivers, undo }: OpenFacts,
): Result<(readonly string[])[]> {
  const closing: (readonly string[])[] = [];
  const opened = (argv: readonly string[]): void => {
    undo.push(argv);
    closing.unshift(argv);
  };
  let pending = opening;
  let since = machine.uptime();
  let seen = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const now = machine.uptime();
    const partitions = machine.readText('/proc/partitions') ?? '';
    if (partitions !== seen || now - lookedAt >= LOOK_AGAIN) {
      seen = partitions;
      lookedAt = now;
      const left = openWhatIsThere(machine, pending, unlocker, opened);
      if (!left.ok) return left;
      const { luks, lvm } = left.value;
      if (luks.length + lvm.length === 0) return ok(closing);
      // What was opened may hold the next; a person took time to type.
      if (luks.length + lvm.length < pending.luks.length + pending.lvm.length) {
        since = machine.uptime();
        lookedAt = Number.NEGATIVE_INFINITY;
      }
      pending = left.value;
    }
    if (machine.uptime() - since >= settings.timeout) return err(missing(machine, pending, settings));
    drivers.loadAll();
    machine.sleep(POLL);
  }
}

/** Opens what is there of it; returns the rest. */
function openWhatIsThere(
  machine: GuestSystem,
  pending: Opening,
  unlocker: Unlocker,
  opened: (argv: readonly string[]) => void,
): Result<Opening> {
  const luks: string[] = [];
  for (const uuid of pending.luks) {
    const volume = findLuks(machine, uuid);
    if (!volume.ok) return volume;
    if (volume.value === undefined) {
      luks.push(uuid);
      continue;
    }
    // Open already: by a program of this boot that ended before it could undo that.
    const isOpen = machine.info(`/dev/mapper/${mappingOf(uuid)}`) !== undefined;
    const unlocked = isOpen ? ok() : unlocker.unlock(volume.value);
    if (!unlocked.ok) return unlocked;
    opened(closingLuks(uuid));
  }
  const lvm: LogicalVolume[] = [];
  for (const volume of pending.lvm) {
    const state = groupState(machine, volume, 'early boot');
    if (state.kind === 'twice') return err(state.problem);
    if (state.kind === 'absent') {
      lvm.push(volume);
      continue;
    }
    const active = activate(machine, volume, 'early boot');
    if (!active.ok) return active;
    opened(deactivating(volume, 'early boot'));
  }
  return ok({ luks, lvm });
}

/** The problem of an initramfs without the means. */
function cannotOpen(lacking: readonly StorageKind[]): Problem {
  const names = { luks: 'encrypted volumes (LUKS)', lvm: 'logical volumes (LVM)' };
  const list = lacking.map((kind) => `'${kind}'`).join(', ');
  return {
    code: 'initramfs-cannot-open',
    what: 'this initramfs cannot open the storage',
    where: lacking.map((kind) => `${PARAM[kind]}=`).join(', '),
    why: `it was built without the means for ${lacking.map((kind) => names[kind]).join(' and ')}`,
    next: `add initramfs: { storage: [${list}] } to the definition, build again, and use the new initramfs`,
  };
}

/** The problem of what did not appear in time. */
function missing(machine: GuestSystem, { luks, lvm }: Opening, { timeout }: Settings): Problem {
  const [volume] = lvm;
  const state =
    volume === undefined || luks.length > 0 ? undefined : groupState(machine, volume, 'early boot');
  if (state !== undefined && state.kind !== 'whole') {
    const { why = '', ...problem } = state.problem;
    return { ...problem, why: `waited ${timeout} seconds: ${why}` };
  }
  const devices = describeAll(machine);
  const list = devices.length === 0 ? ['there are no block devices'] : devices;
  return {
    code: 'luks-missing',
    what: 'the encrypted volume did not appear',
    where: luks.map((uuid) => `${PARAM.luks}=${uuid}`).join(' '),
    why: [`waited ${timeout} seconds. Block devices of this machine:`, ...list].join('\n'),
    next: `correct ${PARAM.luks} in the boot loader, attach the device, or raise ${PARAM.timeout}`,
  };
}

/** Closes it once nothing on it is in use. */
export function closeStorage(
  machine: GuestSystem,
  closing: readonly (readonly string[])[],
  undo: Undo,
): Result<void> {
  for (const argv of closing) {
    const done = machine.run(argv);
    if (done.code !== 0) {
      return err({
        code: 'volume-busy',
        what: 'cannot close a volume that early boot opened',
        where: argv.join(' '),
        why: done.stderr.trim(),
        next: 'find what uses it: ls /sys/class/block/*/holders, ls -l /proc/*/cwd /proc/*/fd',
      });
    }
    undo.drop(argv);
  }
  return ok();
}
