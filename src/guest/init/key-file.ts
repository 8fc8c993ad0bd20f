/** A key file on another device, which is mounted read-only while the file is read. */
import { driverOf } from '../../core/boot/device.js';
import type { KeyFile } from '../../core/boot/opening.js';
import { PARAM } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { must } from '../must.js';
import { resolveInside } from '../resolve.js';
import { listBlockDevices, matching } from '../storage/blkid.js';
import type { GuestSystem } from '../system.js';
import { KEY_DEVICE } from './folders.js';
import type { Drivers } from './modules.js';
import { mountableType, mountOptions } from './storage.js';

/** Most bytes of a key file: what a pipe holds; cryptsetup's own are 4 KiB at most by convention. */
const LARGEST = 65536;
/** Milliseconds between two looks at the devices. */
const POLL = 200;

/** Reads it; waits up to `seconds` for its device. */
export function readKeyFile(
  machine: GuestSystem,
  key: KeyFile,
  seconds: number,
  drivers: Drivers,
): Result<Uint8Array> {
  const until = machine.uptime() + seconds;
  for (;;) {
    drivers.loadAll();
    const device = matching(listBlockDevices(machine), key.device)[0];
    const type = device === undefined ? undefined : mountableType(device);
    if (device !== undefined && type !== undefined) {
      machine.makeFolder(KEY_DEVICE);
      // The journal of somebody's stick is not replayed.
      const options = mountOptions(type, [device], true)[0] ?? ['ro'];
      const argv = ['mount', '-t', driverOf(type), '-o', options.join(','), device.node, KEY_DEVICE];
      const mounted = machine.run(argv);
      if (mounted.code !== 0) return err(unreadable(key, mounted.stderr.trim()));
      try {
        return readIn(machine, key);
      } finally {
        must(machine, ['umount', KEY_DEVICE]);
      }
    }
    if (machine.uptime() >= until) {
      return err(unreadable(key, `its device did not appear within ${seconds} seconds`));
    }
    machine.sleep(POLL);
  }
}

function readIn(machine: GuestSystem, key: KeyFile): Result<Uint8Array> {
  const path = resolveInside(machine, KEY_DEVICE, key.path);
  const info = path === undefined ? undefined : machine.info(KEY_DEVICE + path);
  if (path === undefined || info?.kind !== 'file') return err(unreadable(key, 'no such file on it'));
  if (info.size === 0 || info.size > LARGEST) {
    return err(unreadable(key, `it has ${info.size} bytes; a key file has 1 to ${LARGEST}`));
  }
  const bytes = machine.readAt(KEY_DEVICE + path, 0, LARGEST);
  return bytes === undefined ? err(unreadable(key, 'it cannot be read')) : ok(bytes);
}

function unreadable({ asked }: KeyFile, why: string): Problem {
  return {
    code: 'key-file-unreadable',
    what: 'cannot read the key file',
    where: `${PARAM.key}=${asked}`,
    why,
    next: 'attach its device, or type the passphrase',
  };
}
