/** Disks that the machine's definition mounts: which of them are in use, and why the others are not. */

import { DISKS_FILE, type ExpectedDisk } from '../../core/boot/disks.js';
import type { Change } from '../../core/overlay/changes.js';
import { isBelow } from '../../core/text/path.js';
import type { GuestSystem } from '../system.js';

/**
 * `used`: mounted, or enabled as swap. `absent`: no such device. `locked`: present, but not unlocked.
 * `failed`: present, but unusable.
 */
type DiskState = 'used' | 'absent' | 'locked' | 'failed';

export interface DiskStatus {
  /** Mount point; absent for swap. */
  readonly point?: string;
  /** As the definition names it. */
  readonly device: string;
  readonly encrypted: boolean;
  readonly state: DiskState;
  /** What mounts it, or turns it on. */
  readonly unit: string;
  /** The unit whose log has the reason, if it is present but not used. */
  readonly failed?: string;
}

/** The disks of the definition, in its order; empty if it has none. */
export function readDisks(machine: GuestSystem): DiskStatus[] {
  const text = machine.readText(DISKS_FILE);
  if (text === undefined) return [];
  const points = mountPoints(machine.readText('/proc/self/mountinfo') ?? '');
  const swaps = swapDevices(machine.readText('/proc/swaps') ?? '');
  return (JSON.parse(text) as ExpectedDisk[]).map((disk) => {
    const { point, device, node, unit, unlocked } = disk;
    const used =
      point === undefined ? swaps.has(kernelName(machine, unlocked?.node ?? node)) : points.has(point);
    const state = used ? 'used' : unusedState(machine, disk);
    const failed = state === 'locked' ? unlocked?.unit : state === 'failed' ? unit : undefined;
    return {
      ...(point === undefined ? {} : { point }),
      ...{ device, encrypted: unlocked !== undefined, state, unit },
      ...(failed === undefined ? {} : { failed }),
    };
  });
}

function unusedState(machine: GuestSystem, { node, unlocked }: ExpectedDisk): DiskState {
  if (machine.info(node) === undefined) return 'absent';
  return unlocked !== undefined && machine.info(unlocked.node) === undefined ? 'locked' : 'failed';
}

/** Mount points of proc_pid_mountinfo(5), except those that wait for the first access (autofs). */
function mountPoints(mountinfo: string): Set<string> {
  const lines = mountinfo.split('\n').filter((line) => line !== '' && !/ - autofs /.test(line));
  return new Set(lines.map((line) => unescaped(line.split(' ')[4] ?? '')));
}

/** Devices of proc_swaps(5), by the kernel's names. */
function swapDevices(swaps: string): Set<string> {
  return new Set(
    swaps
      .split('\n')
      .slice(1)
      .map((line) => unescaped(line.split(/\s/, 1)[0] ?? '')),
  );
}

/** The target of udev's link: /proc/swaps has the kernel's own name. */
function kernelName(machine: GuestSystem, node: string): string {
  const target = machine.readlink(node);
  return target === undefined ? node : `/dev/${target.slice(target.lastIndexOf('/') + 1)}`;
}

/** Spaces and the like are in octal there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/**
 * Warnings about changes in RAM that were made while a disk was not mounted: once it is, its files are
 * visible instead.
 */
export function hiddenByDisks(disks: readonly DiskStatus[], changes: readonly Change[]): string[] {
  return disks.flatMap(({ point, device }) => {
    if (point === undefined || !changes.some(({ path }) => isBelow(`/${path}`, point))) return [];
    return [
      `the disk ${device} hides what is saved below ${point} while it is mounted there: copy it to the disk`,
    ];
  });
}

/** A line for people. */
export function diskLine(disk: DiskStatus): string {
  const { point, device, encrypted, state, failed } = disk;
  const name = point ?? 'swap';
  const what = encrypted ? `${device}, encrypted` : device;
  const not = point === undefined ? 'off' : 'not mounted';
  switch (state) {
    case 'used':
      return `${name}: ${what}`;
    case 'absent':
      return `${name}: ${not}: there is no disk ${device}. Once it is attached: systemctl start ${quoted(disk.unit)}`;
    case 'locked':
      return `${name}: ${not}: the disk ${device} is not unlocked. To retry: systemctl start ${quoted(disk.unit)}; the reason: systemctl status ${quoted(failed ?? '')}`;
    case 'failed':
      return `${name}: ${not}, although the disk ${device} is present. The reason: systemctl status ${quoted(failed ?? '')}`;
  }
}

/** A unit's name as a word of a shell: its escapes are backslashes. */
function quoted(unit: string): string {
  return unit.includes('\\') ? `'${unit}'` : unit;
}
