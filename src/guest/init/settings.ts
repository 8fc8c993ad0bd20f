/** The settings on the kernel command line. */
import { type KernelParameter, lastValue, parseCmdline } from '../../core/boot/cmdline.js';
import {
  DEVICE_TAGS,
  type DeviceFolder,
  type DeviceName,
  parseDeviceFolder,
  parseDeviceName,
} from '../../core/boot/device.js';
import {
  type KeyFile,
  type Opening,
  parseKeyFile,
  parseLogicalVolume,
  parseLuksUuid,
} from '../../core/boot/opening.js';
import { DEFAULTS, PARAM, PHASES, type Phase } from '../../core/contract.js';
import { type Err, err, ok, type Result } from '../../core/result.js';
import { type LayerSelection, parseLayerSelection } from '../../core/set/layer-names.js';
import { parseRamSize, type RamSize } from '../../core/text/size.js';

export interface Settings {
  /** The storage device, as written and as parsed; absent if the parameter is missing. */
  readonly device?: { readonly asked: string; readonly name: DeviceName };
  /** The images folder: absolute, without a trailing slash. `/` is the empty string. */
  readonly path: string;
  readonly size: RamSize;
  /** The size as it was written, for messages. */
  readonly sizeText: string;
  /** Seconds to wait for the device. */
  readonly timeout: number;
  /** Which layers to apply. */
  readonly layers: LayerSelection;
  readonly breakAt?: Phase;
  /** The device with layers, if it is another one. */
  readonly layersAt?: DeviceFolder;
  /** What to open before the device is looked for; absent: nothing. */
  readonly opening?: Opening;
  /** A key file for it. */
  readonly key?: KeyFile;
  /** The program to hand over to, inside the new root. */
  readonly init: string;
}

/** The longest wait accepted: a day. */
const MAX_TIMEOUT = 86400;

/** Reads the command line. An invalid value is refused, naming the parameter and what is allowed. */
export function readSettings(cmdline: string): Result<Settings> {
  const parameters = parseCmdline(cmdline);
  const value = (name: string): string | undefined => lastValue(parameters, name);

  const asked = value(PARAM.device);
  const name = asked === undefined ? undefined : deviceName(asked);
  if (asked !== undefined && name === undefined) {
    const tags = DEVICE_TAGS.map((tag) => `${tag}=...`).join(', ');
    return refuse(PARAM.device, asked, `it must be a path under /dev, or one of ${tags}`);
  }
  const sizeText = value(PARAM.size) ?? DEFAULTS.size;
  const size = parseRamSize(sizeText);
  if (size === undefined) {
    return refuse(PARAM.size, sizeText, 'it must be a share of RAM such as 60%, or an amount such as 6G');
  }
  const timeoutText = value(PARAM.timeout) ?? String(DEFAULTS.timeout);
  const timeout = /^\d{1,5}$/.test(timeoutText) ? Number(timeoutText) : Number.NaN;
  if (!(timeout <= MAX_TIMEOUT)) {
    return refuse(PARAM.timeout, timeoutText, `it must be whole seconds, 0 to ${MAX_TIMEOUT}`);
  }
  const layersText = value(PARAM.layers) ?? DEFAULTS.layers;
  const layers = parseLayerSelection(layersText);
  if (!layers.ok) {
    const allowed = 'it must be all, none, or names of layers separated by commas; -NAME leaves one out';
    return refuse(PARAM.layers, layersText, `${layers.problem.why}; ${allowed}`);
  }
  const breakText = value(PARAM.breakAt);
  const breakAt = PHASES.find((phase) => phase === breakText);
  if (breakText !== undefined && breakAt === undefined) {
    return refuse(PARAM.breakAt, breakText, `it must be one of ${PHASES.join(', ')}`);
  }
  const layersAtText = value(PARAM.layersDevice);
  const layersAt = layersAtText === undefined ? undefined : parseDeviceFolder(layersAtText, deviceName);
  if (layersAtText !== undefined && layersAt === undefined) {
    const allowed = 'it must be a device as mkma_storage_device= names one, or such a device and :/path';
    return refuse(PARAM.layersDevice, layersAtText, allowed);
  }
  const opening = readOpening(parameters);
  if (!opening.ok) return opening;
  return ok({
    ...(asked === undefined || name === undefined ? {} : { device: { asked, name } }),
    path: normalPath(value(PARAM.path) ?? DEFAULTS.path),
    size,
    sizeText,
    timeout,
    layers: layers.value,
    ...(breakAt === undefined ? {} : { breakAt }),
    ...(layersAt === undefined ? {} : { layersAt }),
    ...opening.value,
    init: value('init') ?? '/sbin/init',
  });
}

/** Encrypted and logical volumes to open, each once, and the key file. */
function readOpening(parameters: readonly KernelParameter[]): Result<Pick<Settings, 'opening' | 'key'>> {
  const luks = readEach(
    parameters,
    PARAM.luks,
    parseLuksUuid,
    'it must be the UUID of a LUKS header (blkid)',
  );
  if (!luks.ok) return luks;
  const lvm = readEach(parameters, PARAM.lvm, parseLogicalVolume, 'it must be VG/LV, as lvs prints them');
  if (!lvm.ok) return lvm;
  const allowed = 'it must be a device and a path on it, such as UUID=...:/machine.key';
  const keys = readEach(parameters, PARAM.key, parseKeyFile, allowed);
  if (!keys.ok) return keys;
  const key = keys.value.at(-1);
  const none = luks.value.length + lvm.value.length === 0;
  return ok({
    ...(none ? {} : { opening: { luks: luks.value, lvm: lvm.value } }),
    ...(key === undefined ? {} : { key }),
  });
}

/** All values of a parameter, parsed, each once. */
function readEach<T>(
  parameters: readonly KernelParameter[],
  wanted: string,
  parse: (text: string) => T | undefined,
  allowed: string,
): Result<T[]> {
  const found = new Map<string, T>();
  for (const { name, value = '' } of parameters) {
    if (name !== wanted) continue;
    const parsed = parse(value);
    if (parsed === undefined) return refuse(wanted, value, allowed);
    found.set(JSON.stringify(parsed), parsed);
  }
  return ok([...found.values()]);
}

function refuse(parameter: string, value: string, allowed: string): Err {
  return err({
    code: 'parameter-invalid',
    what: 'invalid kernel parameter',
    where: `${parameter}=${value}`,
    why: allowed,
    next: 'correct it in the boot loader (usually: press e at the entry) and boot again',
  });
}

/**
 * Parses a device's name. udev's links below /dev/disk do not exist in early boot; those that stand for a tag
 * are read as the tag.
 */
function deviceName(text: string): DeviceName | undefined {
  const link = /^\/dev\/disk\/by-(uuid|label|partuuid|partlabel)\/(.+)$/.exec(text);
  if (link === null) return parseDeviceName(text);
  const value = (link[2] as string).replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return parseDeviceName(`${(link[1] as string).toUpperCase()}=${value}`);
}

function normalPath(text: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  return parts.map((part) => `/${part}`).join('');
}
