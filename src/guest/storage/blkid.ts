/**
 * Block devices and their contents, by util-linux's blkid(8), which supports PARTUUID and PARTLABEL;
 * busybox's does not.
 */
import { parseTags } from '../../core/boot/blkid.js';
import type { DeviceName } from '../../core/boot/device.js';
import { ask } from '../ran.js';
import type { GuestSystem } from '../system.js';

/** A block device with content that blkid recognised: its tags, such as UUID, LABEL, TYPE. */
export interface BlockDevice {
  readonly node: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** blkid(8): it recognised nothing. */
const NOTHING = 2;

/** Every block device with known content. Read again each time: no cache file. */
export function listBlockDevices(machine: GuestSystem): BlockDevice[] {
  return parseExport(ask(machine, ['blkid', '-c', '/dev/null', '-o', 'export'], [NOTHING]).stdout);
}

/** Parses `blkid -o export`: blocks separated by an empty line. */
export function parseExport(text: string): BlockDevice[] {
  return text.split(/\n{2,}/).flatMap((block) => {
    const { DEVNAME: node, ...tags } = parseTags(block);
    return node === undefined ? [] : [{ node, tags }];
  });
}

/** The devices that a name matches. Several if copies of a disk are attached, or a btrfs spans several. */
export function matching(devices: readonly BlockDevice[], name: DeviceName): BlockDevice[] {
  if (name.by === 'path') return devices.filter((device) => device.node === name.path);
  const { tag, value } = name;
  // Hexadecimal digits: either case is accepted, whichever blkid prints.
  const fold = (text: string): string => (tag.endsWith('UUID') ? text.toLowerCase() : text);
  return devices.filter((device) => fold(device.tags[tag] ?? '') === fold(value));
}

/** A line about a device, for people. */
export function describeDevice(device: BlockDevice): string {
  const shown = ['TYPE', 'LABEL', 'UUID', 'PARTLABEL', 'PARTUUID'].filter(
    (tag) => device.tags[tag] !== undefined,
  );
  return [`${device.node}:`, ...shown.map((tag) => `${tag}=${device.tags[tag]}`)].join(' ');
}

/** Lines about all block devices, those with unknown content included; for messages. */
export function describeAll(machine: GuestSystem): string[] {
  const known = listBlockDevices(machine);
  const lines = known.map(describeDevice);
  for (const { name, kib } of partitions(machine.readText('/proc/partitions') ?? '')) {
    if (known.some((device) => device.node === `/dev/${name}`) || /^(ram|zram|loop)\d/.test(name)) continue;
    lines.push(`/dev/${name}: ${Math.ceil(kib / 1024)} MiB, content unknown`);
  }
  return lines.sort();
}

/** Parses /proc/partitions (proc(5)): major, minor, blocks of 1 KiB, name. */
export function partitions(text: string): { name: string; kib: number }[] {
  const out: { name: string; kib: number }[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*\d+\s+\d+\s+(\d+)\s+(\S+)/.exec(line);
    if (match) out.push({ name: match[2] as string, kib: Number(match[1]) });
  }
  return out;
}
