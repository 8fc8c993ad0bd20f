/**
 * What early boot opens before it looks for the images: names of LUKS volumes, logical volumes, key files.
 */
import { PARAM, type StorageKind } from '../contract.js';
import type { KernelParameter } from './cmdline.js';
import { type DeviceName, parseDeviceName } from './device.js';

/** A logical volume (lvm(8)). */
export interface LogicalVolume {
  readonly group: string;
  readonly volume: string;
}

/** A key file on a device that is mounted only while the file is read. */
export interface KeyFile {
  /** As it was written, for messages. */
  readonly asked: string;
  readonly device: DeviceName;
  /** Absolute path on the file system there. */
  readonly path: string;
}

/** What has to be opened to reach the images, and to be closed afterwards. */
export interface Opening {
  /** UUIDs of LUKS headers, in lower case. */
  readonly luks: readonly string[];
  readonly lvm: readonly LogicalVolume[];
}

/** Plain storage: nothing to open. */
export const PLAIN: Opening = { luks: [], lvm: [] };

/** The UUID of a LUKS header in lower case, as cryptsetup writes it (RFC 9562, section 4). */
export function parseLuksUuid(text: string): string | undefined {
  const uuid = text.replace(/^UUID=/i, '').toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) ? uuid : undefined;
}

/** A name that lvm(8) accepts ("VALID NAMES"). */
const LVM_NAME = /^(?!\.{1,2}$)[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}$/;

/** Parses `VG/LV`. */
export function parseLogicalVolume(text: string): LogicalVolume | undefined {
  const [group, volume, ...more] = text.split('/');
  if (group === undefined || volume === undefined || more.length > 0) return undefined;
  return LVM_NAME.test(group) && LVM_NAME.test(volume) ? { group, volume } : undefined;
}

export function renderLogicalVolume({ group, volume }: LogicalVolume): string {
  return `${group}/${volume}`;
}

/**
 * The logical volume of a name in /dev/mapper: group and volume are joined by one hyphen, and each of their
 * own is doubled (lib/misc/lvm-string.c, build_dm_name). `undefined`: not a volume, or a hidden part of one.
 */
export function logicalVolumeOf(mapperName: string): LogicalVolume | undefined {
  const match = /^((?:[^-]|--)+)-((?:[^-]|--)+)$/.exec(mapperName);
  if (match === null) return undefined;
  const [group, volume] = match.slice(1).map((part) => part.replaceAll('--', '-')) as [string, string];
  return { group, volume };
}

/** Parses `DEVICE:/path`, the device as `mkma_storage_device=` names one. */
export function parseKeyFile(text: string): KeyFile | undefined {
  const colon = text.indexOf(':/');
  const device = colon < 0 ? undefined : parseDeviceName(text.slice(0, colon));
  const path = text.slice(colon + 1);
  if (device === undefined || path.split('/').includes('..') || path.endsWith('/')) return undefined;
  return { asked: text, device, path };
}

/** The kernel parameters for it. */
export function openingParameters({ luks, lvm }: Opening): KernelParameter[] {
  return [
    ...luks.map((value) => ({ name: PARAM.luks, value })),
    ...lvm.map((volume) => ({ name: PARAM.lvm, value: renderLogicalVolume(volume) })),
  ];
}

/** What early boot needs to open it. */
export function kindsOf({ luks, lvm }: Opening): StorageKind[] {
  return [...(luks.length > 0 ? ['luks' as const] : []), ...(lvm.length > 0 ? ['lvm' as const] : [])];
}

/** What parameters name, as far as it can be read. */
export function openingOf(parameters: readonly KernelParameter[]): Opening {
  const values = (wanted: string): string[] =>
    parameters.flatMap(({ name, value }) => (name === wanted && value !== undefined ? [value] : []));
  return {
    luks: values(PARAM.luks).flatMap((text) => parseLuksUuid(text) ?? []),
    lvm: values(PARAM.lvm).flatMap((text) => parseLogicalVolume(text) ?? []),
  };
}
