/** Disks of this host with everything on them, as lsblk(8) reports them. */
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { askProgram } from '../sys/answer.js';
import { probeTags } from '../sys/blkid.js';

/** A block device, with those on it. */
export interface BlockDevice {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly model: string | null;
  readonly serial: string | null;
  readonly tran: string | null;
  readonly ro: boolean;
  readonly fstype: string | null;
  readonly label: string | null;
  readonly uuid: string | null;
  readonly partlabel: string | null;
  readonly mountpoints: readonly (string | null)[];
  readonly 'log-sec': number;
  readonly pkname: string | null;
  readonly children?: readonly BlockDevice[];
}

const COLUMNS =
  'NAME,PATH,TYPE,SIZE,MODEL,SERIAL,TRAN,RO,FSTYPE,LABEL,UUID,PARTLABEL,MOUNTPOINTS,LOG-SEC,PKNAME';

/** Exit code by which lsblk reports that it found nothing. */
const NOTHING = 32;

/** The device with everything on it. */
export async function listDevice(path: string, signal: AbortSignal): Promise<Result<BlockDevice>> {
  const args = ['--json', '--bytes', '--output', COLUMNS, path];
  const asked = await askProgram({ file: 'lsblk', args }, [NOTHING], { signal });
  if (!asked.ok) return asked;
  const { exitCode, stdout } = asked.value;
  const [device] = exitCode === 0 ? (JSON.parse(stdout) as { blockdevices: BlockDevice[] }).blockdevices : [];
  return device === undefined ? err(noDevice(path)) : ok(await probed(device, signal));
}

/** With what lies on it where lsblk does not know that: it asks udev, which does not run everywhere. */
async function probed(device: BlockDevice, signal: AbortSignal): Promise<BlockDevice> {
  const children = await Promise.all((device.children ?? []).map((child) => probed(child, signal)));
  const whole = children.length === 0 ? device : { ...device, children };
  if (device.fstype !== null || device.size === 0) return whole;
  const found = await probeTags(device.path, signal);
  const tags = found.ok ? found.value : {};
  const value = (key: string, known: string | null): string | null => known ?? tags[key] ?? null;
  const [fstype, uuid] = [value('TYPE', null), value('UUID', device.uuid)];
  return { ...whole, fstype, uuid, label: value('LABEL', device.label) };
}

/** All devices of a tree, the disk first. */
export function allOf(device: BlockDevice): BlockDevice[] {
  return [device, ...(device.children ?? []).flatMap(allOf)];
}

/** Where it and what is on it is mounted; `[SWAP]` for swap. */
export function mountsOf(device: BlockDevice): { readonly path: string; readonly point: string }[] {
  return allOf(device).flatMap(({ path, mountpoints }) =>
    mountpoints.flatMap((point) => (point === null ? [] : [{ path, point }])),
  );
}

export function noDevice(path: string): Problem {
  return {
    code: 'no-such-device',
    what: 'no such device',
    where: path,
    next: 'list the disks of this host: lsblk',
  };
}
