/** Names of a storage device on the kernel command line. */

export const DEVICE_TAGS = ['UUID', 'LABEL', 'PARTUUID', 'PARTLABEL'] as const;
export type DeviceTag = (typeof DEVICE_TAGS)[number];

/** A device by the path of its node, or by a tag that blkid(8) finds. */
export type DeviceName =
  | { readonly by: 'path'; readonly path: string }
  | { readonly by: 'tag'; readonly tag: DeviceTag; readonly value: string };

/** Parses `/dev/...` or `TAG=value`; `undefined` if it is neither. */
export function parseDeviceName(text: string): DeviceName | undefined {
  if (/^\/dev\/./.test(text)) return { by: 'path', path: text };
  const equals = text.indexOf('=');
  const tag = DEVICE_TAGS.find((known) => known === text.slice(0, equals));
  const value = text.slice(equals + 1);
  return tag !== undefined && value !== '' ? { by: 'tag', tag, value } : undefined;
}

/** A folder on a device, as a kernel parameter names both. */
export interface DeviceFolder {
  /** As it was written, for messages. */
  readonly asked: string;
  readonly device: DeviceName;
  /** Absolute, without a trailing slash; the top is the empty string. */
  readonly path: string;
}

/** Parses `DEVICE` or `DEVICE:/path`; `undefined` if it is neither. `parse` parses the device. */
export function parseDeviceFolder(text: string, parse = parseDeviceName): DeviceFolder | undefined {
  const colon = text.indexOf(':/');
  const device = parse(colon < 0 ? text : text.slice(0, colon));
  const parts =
    colon < 0
      ? []
      : text
          .slice(colon + 1)
          .split('/')
          .filter((part) => part !== '');
  if (device === undefined || parts.includes('..')) return undefined;
  return { asked: text, device, path: parts.map((part) => `/${part}`).join('') };
}

/** The kernel's name of a file system if it differs from blkid's. */
export function driverOf(type: string): string {
  return type === 'ntfs' ? 'ntfs3' : type;
}
