/** Names of systemd's units and udev's links, as these programs form them. Pure. */
import { type DeviceTag, parseDeviceName } from '../../core/boot/device.js';

/**
 * The unit of a path, as `systemd-escape --path --suffix` prints it (systemd.unit(5), "String Escaping for
 * Inclusion in Unit Names").
 */
export function unitOfPath(path: string, suffix: 'mount' | 'swap' | 'device'): string {
  const parts = path.split('/').filter((part) => part !== '');
  return `${parts.length === 0 ? '-' : escaped(parts.join('/'))}.${suffix}`;
}

/** The instance of a template, as `systemd-escape` prints it. */
export function instanceName(text: string): string {
  return escaped(text);
}

function escaped(text: string): string {
  const plain = (one: string, at: number): string =>
    one === '/' ? '-' : /[A-Za-z0-9:_]/.test(one) || (one === '.' && at > 0) ? one : hex(one);
  return [...text].map(plain).join('');
}

function hex(one: string): string {
  return [...Buffer.from(one)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Folder of udev's links, by tag. */
const LINKS: Readonly<Record<DeviceTag, string>> = {
  UUID: 'by-uuid',
  LABEL: 'by-label',
  PARTUUID: 'by-partuuid',
  PARTLABEL: 'by-partlabel',
};

/**
 * The path of a device once udev knows it: what systemd makes of a tag
 * (fstab_node_to_udev_node). Characters other than those of udev's own set are written as \xNN, UTF-8 stays
 * (encode_devnode_name).
 */
export function deviceNode(text: string): string {
  const name = parseDeviceName(text);
  if (name === undefined) throw new Error(`${text} is not a device`);
  if (name.by === 'path') return name.path;
  const value = [...name.value].map((one) =>
    /[A-Za-z0-9#+\-.:=@_]/.test(one) || one > '\x7f' ? one : hex(one),
  );
  return `/dev/disk/${LINKS[name.tag]}/${value.join('')}`;
}

/**
 * A device as in udev's links: UUIDs of 128 bits and of partitions are lower case there, those of FAT and
 * NTFS upper case (libblkid), while systemd compares them case-sensitively.
 */
export function normalDevice(text: string): string {
  const name = parseDeviceName(text);
  if (name?.by !== 'tag') return text;
  const { tag, value } = name;
  if (tag === 'PARTUUID') return `${tag}=${value.toLowerCase()}`;
  if (tag !== 'UUID') return text;
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return `${tag}=${value.toLowerCase()}`;
  return /^([0-9a-f]{4}-[0-9a-f]{4}|[0-9a-f]{16})$/i.test(value) ? `${tag}=${value.toUpperCase()}` : text;
}
