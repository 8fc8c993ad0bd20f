/** What the conditions on saving depend on: power, package managers, RAM. */
import type { MachineState } from '../../../core/auto/conditions.js';
import { memoryInfo } from '../../meminfo.js';
import { ask } from '../../ran.js';
import type { RunningSystem } from '../../system.js';
import { readAutoState } from '../auto-state.js';

export function readMachineState(machine: RunningSystem): MachineState {
  const busy = packagesBusy(machine);
  return {
    sinceLast: machine.uptime() - (readAutoState(machine).savedAt ?? 0),
    onBattery: isOnBattery(machine),
    ...(busy === undefined ? {} : { packagesBusy: busy }),
    availableRam: memoryInfo(machine, 'MemAvailable'),
    totalRam: memoryInfo(machine, 'MemTotal'),
  };
}

const SUPPLIES = '/sys/class/power_supply';

/** By the kernel's power supplies (Documentation/ABI/testing/sysfs-class-power). */
function isOnBattery(machine: RunningSystem): boolean {
  const read = (supply: string, name: string): string =>
    (machine.readText(`${SUPPLIES}/${supply}/${name}`) ?? '').trim();
  // Batteries of mice and headsets have the scope Device.
  const supplies = (machine.list(SUPPLIES) ?? []).filter((one) => read(one, 'scope') !== 'Device');
  if (!supplies.some((one) => read(one, 'type') === 'Battery')) return false;
  const mains = supplies.filter((one) => ['Mains', 'USB'].includes(read(one, 'type')));
  if (mains.length > 0) return !mains.some((one) => read(one, 'online') === '1');
  return supplies.some((one) => read(one, 'status') === 'Discharging');
}

/** Files that dpkg and apt lock while they write (fcntl(2)). */
const LOCKED = [
  '/var/lib/dpkg/lock-frontend',
  '/var/lib/dpkg/lock',
  '/var/lib/apt/lists/lock',
  '/var/cache/apt/archives/lock',
];

/**
 * The name of the program that holds one of the locks. Its file is known by its inode number, and by its
 * path, which has more in front for a program of another mount namespace. Other roots on this
 * machine, such as those of containers, have locks of their own.
 */
function packagesBusy(machine: RunningSystem): string | undefined {
  const locks = machine.readText('/proc/locks') ?? '';
  // `1: POSIX  ADVISORY  WRITE 1234 00:1b:5678 0 EOF` (proc_locks(5)).
  const held = [...locks.matchAll(/^\d+: POSIX\s+ADVISORY\s+WRITE\s+(\d+) \S+:(\d+) /gm)];
  if (held.length === 0) return undefined;
  // 1: some of the files are missing.
  const inodes = ask(machine, ['stat', '--format=%i', ...LOCKED], [1]).stdout.split('\n');
  const owners = held.flatMap(([, pid = '', inode = '']) => (inodes.includes(inode) ? [pid] : []));
  if (owners.length === 0) return undefined;
  const folders = [...new Set(owners)].map((pid) => `/proc/${pid}/fd`);
  const names = LOCKED.flatMap((path, i) => [...(i === 0 ? [] : ['-o']), '-lname', `*${path}`]);
  // 1: one of them has ended meanwhile.
  const found = ask(
    machine,
    ['find', ...folders, '-maxdepth', '1', '(', ...names, ')', '-printf', '%H\\n'],
    [1],
  );
  const folder = found.stdout.split('\n')[0] ?? '';
  return folder === '' ? undefined : (machine.readText(folder.replace(/fd$/, 'comm')) ?? 'a program').trim();
}
