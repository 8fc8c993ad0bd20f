/** The encrypted and logical volumes that a file system is on. */
import { basename } from 'node:path';
import { type LogicalVolume, logicalVolumeOf, type Opening } from '../../core/boot/opening.js';
import { ok, type Result } from '../../core/result.js';
import { askProgram } from '../sys/answer.js';
import { probeTags } from '../sys/blkid.js';

/** A block device as lsblk(8) prints it with --inverse: its children are what it is built on. */
export interface BlockNode {
  readonly path: string;
  /** `disk`, `part`, `crypt`, `lvm`, `loop`, `raid1` ... */
  readonly type: string;
  readonly fstype?: string | null;
  readonly uuid?: string | null;
  readonly children?: readonly BlockNode[];
}

/** What a device must not be built on: early boot opens none of these (lsblk's types). */
const CLOSED = ['raid0', 'raid1', 'raid4', 'raid5', 'raid6', 'raid10', 'mpath'];

/** Exit code by which lsblk(8) reports that it found nothing. */
const NOTHING = 32;

/** What a device is built on, itself included; `undefined` if it is not a block device. */
export async function layersBelow(
  source: string,
  signal?: AbortSignal,
): Promise<Result<BlockNode | undefined>> {
  if (!source.startsWith('/dev/')) return ok(undefined);
  // The name makes lsblk print a tree; without it, all devices are in one list in no particular order.
  const args = ['--inverse', '--json', '--output', 'NAME,PATH,TYPE,FSTYPE,UUID', source];
  const listing = await askProgram({ file: 'lsblk', args }, [NOTHING], { signal });
  if (!listing.ok) return listing;
  if (listing.value.exitCode !== 0) return ok(undefined);
  const { blockdevices } = JSON.parse(listing.value.stdout) as { blockdevices: BlockNode[] };
  const [node] = blockdevices;
  return node === undefined ? ok(undefined) : probed(node, signal);
}

/** With the headers of encrypted volumes read from the devices, where udev has not. */
async function probed(node: BlockNode, signal?: AbortSignal): Promise<Result<BlockNode>> {
  const children: BlockNode[] = [];
  for (const child of node.children ?? []) {
    const below = await probed(child, signal);
    if (!below.ok) return below;
    const known = node.type !== 'crypt' || child.uuid ? ok(below.value) : await probe(below.value, signal);
    if (!known.ok) return known;
    children.push(known.value);
  }
  return ok({ ...node, children });
}

async function probe(node: BlockNode, signal?: AbortSignal): Promise<Result<BlockNode>> {
  const found = await probeTags(node.path, signal);
  if (!found.ok) return found;
  const { TYPE: fstype = null, UUID: uuid = null } = found.value;
  return ok({ ...node, fstype, uuid });
}

/** What early boot has to open, or why it cannot. */
export type Volumes =
  | { readonly ok: true; readonly opening: Opening }
  | { readonly ok: false; readonly why: string };

/** The volumes among the layers. Pure. */
export function volumesIn(top: BlockNode | undefined): Volumes {
  const luks = new Set<string>();
  const lvm = new Map<string, LogicalVolume>();
  const no = (why: string): Volumes => ({ ok: false, why });
  // A loop device is a file of this machine; a partition on one belongs to a disk image for another machine.
  if (top?.type === 'loop') return no('is built on loop, which early boot does not open');
  const todo = top === undefined ? [] : [top];
  for (let node = todo.shift(); node !== undefined; node = todo.shift()) {
    const { type, path, children = [] } = node;
    if (CLOSED.includes(type)) return no(`is built on ${type}, which early boot does not open`);
    if (type === 'crypt') {
      const headers = children.filter(({ fstype, uuid }) => fstype === 'crypto_LUKS' && uuid);
      if (headers.length === 0)
        return no('is built on crypt without a LUKS header, which early boot does not open');
      for (const { uuid } of headers) luks.add((uuid as string).toLowerCase());
    }
    if (type === 'lvm') {
      const volume = logicalVolumeOf(basename(path));
      // Volumes of other types than linear and striped have hidden ones below them (lvmraid(7), lvmthin(7)).
      if (volume === undefined || children.some((child) => child.type === 'lvm')) {
        return no(`is built on the logical volume ${path}; early boot opens linear and striped ones`);
      }
      lvm.set(path, volume);
    }
    todo.push(...children);
  }
  return { ok: true, opening: { luks: [...luks], lvm: [...lvm.values()] } };
}
