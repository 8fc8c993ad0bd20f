/**
 * Opens the encrypted and logical volumes that the images are on, for one piece of work on the running
 * machine, and closes them after it, unless another command of mkma uses them. What was open before stays
 * open.
 */
import type { BootRecord } from '../../core/boot/record.js';
import { err, ok, problemLine, type Result } from '../../core/result.js';
import { askSecret } from '../storage/ask.js';
import { describeDisk } from '../storage/describe-disk.js';
import {
  checkSlots,
  closingLuks,
  findLuks,
  type LuksVolume,
  mappingOf,
  openByKeyring,
  openLuks,
  type Slots,
} from '../storage/luks.js';
import { activate, deactivating, groupState, mapperNameOf } from '../storage/lvm.js';
import type { KeyTerminal, RunningSystem } from '../system.js';
import { type Opened, openedByUs, openingAlone } from './opened-volumes.js';

/** Wrong passphrases before the command gives up. */
const TRIES = 3;

/** Passphrases that were right: a command opens the storage several times, and asks once. */
const secrets: Uint8Array[] = [];

/** Opens what the images are on; the returned function closes it. */
export function openForImages(machine: RunningSystem, { storage }: BootRecord): Result<() => void> {
  const { opening, keepKey = false } = storage;
  if (opening === undefined) return ok(() => undefined);
  const opened = openedByUs(machine);
  const done = openingAlone(machine, () => openAll(machine, opening, keepKey, opened));
  if (done.ok) return ok(() => opened.closeAll());
  opened.closeAll();
  return done;
}

function openAll(
  machine: RunningSystem,
  opening: NonNullable<BootRecord['storage']['opening']>,
  keepKey: boolean,
  opened: Opened,
): Result<void> {
  let { luks, lvm } = opening;
  // Each may be on another: as long as something new is opened, the rest is looked for again.
  for (;;) {
    const before = luks.length + lvm.length;
    const absent: string[] = [];
    for (const uuid of luks) {
      const volume = findLuks(machine, uuid);
      if (!volume.ok) return volume;
      if (volume.value === undefined) {
        absent.push(uuid);
        continue;
      }
      const unlocked = unlock(machine, volume.value, keepKey, opened);
      if (!unlocked.ok) return unlocked;
    }
    luks = absent;
    const missing = [];
    for (const volume of lvm) {
      if (opened.isThere(mapperNameOf(volume), deactivating(volume, 'machine'))) continue;
      const state = groupState(machine, volume, 'machine');
      if (state.kind !== 'whole') {
        missing.push({ volume, problem: state.problem });
        continue;
      }
      opened.note(mapperNameOf(volume), deactivating(volume, 'machine'));
      const active = activate(machine, volume, 'machine');
      if (!active.ok) return active;
    }
    lvm = missing.map(({ volume }) => volume);
    if (luks.length + lvm.length === 0) return ok();
    if (luks.length + lvm.length < before) continue;
    const [first] = missing;
    return first !== undefined && luks.length === 0 ? err(first.problem) : err(gone(luks[0] ?? ''));
  }
}

function unlock(machine: RunningSystem, volume: LuksVolume, keepKey: boolean, opened: Opened): Result<void> {
  const name = mappingOf(volume.uuid);
  if (opened.isThere(name, closingLuks(volume.uuid)) || isOpen(machine, volume)) return ok();
  opened.note(name, closingLuks(volume.uuid));
  if (keepKey && openByKeyring(machine, volume)) return ok();
  const slots = checkSlots(machine, volume);
  if (!slots.ok) return slots;
  for (const secret of secrets) {
    const again = openLuks(machine, volume, secret, slots.value);
    if (!again.ok || again.value) return again.ok ? ok() : again;
  }
  const terminal = machine.openTerminal('/dev/tty');
  if (terminal === undefined) return err(locked(volume, keepKey, slots.value));
  try {
    return askOn(terminal, machine, volume, slots.value);
  } finally {
    terminal.close();
  }
}

/**
 * Whether somebody else has opened it, under whatever name (Documentation/ABI/stable/sysfs-block: holders).
 */
function isOpen(machine: RunningSystem, { node }: LuksVolume): boolean {
  const target = machine.readlink(node) ?? node;
  const holders = machine.list(`/sys/class/block/${target.slice(target.lastIndexOf('/') + 1)}/holders`);
  return holders?.some((name) => name.startsWith('dm-')) === true;
}

function askOn(
  terminal: KeyTerminal,
  machine: RunningSystem,
  volume: LuksVolume,
  slots: Slots,
): Result<void> {
  if (slots.warning !== undefined) terminal.write(`warning: ${problemLine(slots.warning)}\r\n`);
  terminal.write(`The images are encrypted: ${describeDisk(machine, volume.node)}, UUID ${volume.uuid}\r\n`);
  for (let wrong = 0; wrong < TRIES; ) {
    const secret = askSecret(machine, [terminal], () => 'Passphrase: ');
    if (secret === undefined) {
      return err({
        code: 'interrupted',
        what: 'interrupted',
        next: 'the storage was not opened',
        kind: 'interrupted',
      });
    }
    const opened = openLuks(machine, volume, secret, slots);
    if (!opened.ok) return opened;
    if (opened.value) {
      secrets.push(secret);
      return ok();
    }
    wrong++;
    terminal.write(`Wrong passphrase (${wrong} of ${TRIES}).\r\n`);
  }
  return err({
    code: 'luks-wrong-passphrase',
    what: 'the encrypted storage was not opened',
    where: `${volume.node}, UUID ${volume.uuid}`,
    why: `${TRIES} wrong passphrases`,
    next: 'run the command again',
  });
}

function locked({ node, uuid }: LuksVolume, keepKey: boolean, { luks2 }: Slots) {
  const why = luks2
    ? "its key is not in the kernel's keyring, or this process cannot reach it; and there is no terminal"
    : 'its header is LUKS1, whose key cannot be left in the kernel, and there is no terminal';
  return {
    code: 'luks-locked',
    what: 'the storage is encrypted, and nobody can be asked for its passphrase',
    where: `${node}, UUID ${uuid}`,
    why: keepKey ? why : "this boot has not left its key in the kernel's keyring, and there is no terminal",
    next: keepKey
      ? 'run the command at a terminal'
      : 'run the command at a terminal; for automatic saving, add initramfs: { keepKey: true } to the definition',
  } as const;
}

function gone(uuid: string) {
  return {
    code: 'storage-gone',
    what: 'the storage device is missing',
    where: `encrypted volume with UUID ${uuid}`,
    why: 'this machine has no such device',
    next: 'attach the medium this machine was booted from, and retry',
  } as const;
}
