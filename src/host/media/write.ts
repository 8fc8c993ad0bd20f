/** Writes a whole new medium: into a new file, or over a device. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { mbrCode, placedCore } from './bios.js';
import { makeCore } from './core-image.js';
import { type Disk, deviceFailure, usedPart } from './disk.js';
import { makeEsp } from './esp.js';
import { type Ext4Request, makeExt4 } from './ext4.js';
import { type Piece, renderGpt } from './gpt.js';
import type { MediumIds } from './ids.js';
import { type Layout, MIB, SECTOR } from './layout.js';
import { byUuid, deviceOf, encryptedDevices, menuPlaceOf, plainDevices } from './menu-place.js';
import { BOOT_PROGRAMS, type MediumTools } from './programs.js';
import { type Sealed, sealedBytes, type WrittenPiece, writeSealed } from './seal.js';
import type { SetFile } from './source.js';
import { bootTree, mediumTree, type TreeEntry, type TreeRequest } from './tree.js';

/** What a new medium will be: data alone. */
export interface MediumPlan {
  readonly layout: Layout;
  readonly ids: MediumIds;
  readonly label: string;
  /** The time of everything on it, in seconds since the epoch. */
  readonly epoch: number;
  /** Files of its first generation, layers last. */
  readonly files: readonly SetFile[];
  readonly digests: ReadonlyMap<string, string>;
  /** What its command line adds. */
  readonly own: readonly KernelParameter[];
  /** How its storage is encrypted; absent: it is not. */
  readonly encryption?: Encryption | undefined;
}

export interface Encryption {
  readonly passphrase: Uint8Array;
  /** RAM in MiB that deriving the key takes at most; absent: cryptsetup's default. */
  readonly keyMemory?: number | undefined;
}

/** What lies on the medium, as data. */
export function treeRequest({ layout, ids, files, own }: MediumPlan): TreeRequest {
  const plain = plainDevices(deviceOf(byUuid(ids.storage)));
  return { devices: layout.boot === undefined ? plain : encryptedDevices(ids), files, own };
}

/** The pieces of a medium that are written whole, and in which order. */
export interface RawPieces {
  readonly esp: Piece;
  readonly core: Piece;
  readonly tail: Piece;
  /** The partition table with the boot code: the last to be written. */
  readonly head: Piece;
}

/** Makes them in `scratch`. */
export async function rawPieces(
  tools: MediumTools,
  plan: Pick<MediumPlan, 'layout' | 'ids' | 'epoch'>,
  scratch: string,
  signal: AbortSignal,
): Promise<Result<RawPieces>> {
  const { layout, ids, epoch } = plan;
  const esp = await makeEsp(
    tools,
    { scratch, bytes: layout.esp.bytes, place: menuPlaceOf(plan), volume: ids.volume, epoch },
    signal,
  );
  if (!esp.ok) return esp;
  const core = await makeCore(tools, { place: menuPlaceOf(plan), scratch }, signal);
  if (!core.ok) return core;
  const sector = layout.bios.start / SECTOR;
  const { head, tail } = renderGpt(layout, ids);
  mbrCode(readFileSync(join(tools.root, BOOT_PROGRAMS.bootImage)), sector).copy(head.bytes);
  return ok({
    esp: { at: layout.esp.start, bytes: usedPart(esp.value) },
    core: { at: layout.bios.start, bytes: placedCore(core.value, sector) },
    tail,
    head,
  });
}

export interface BodyRequest {
  readonly tools: MediumTools;
  readonly plan: MediumPlan;
  readonly pieces: RawPieces;
  /** The encrypted part, made before; absent: the medium is not encrypted. */
  readonly sealed?: Sealed | undefined;
  readonly scratch: string;
}

/** Label of the file system in the open, on an encrypted medium. */
const BOOT_LABEL = 'mkma-boot';

/**
 * Writes all but the head, which makes it a medium; returns what is encrypted of it. `paced`: the target is a
 * device, flushed as it goes.
 */
export async function writeBody(
  disk: Disk,
  { tools, plan, pieces, sealed, scratch }: BodyRequest,
  paced: boolean,
  { signal, emit }: Context,
): Promise<Result<readonly WrittenPiece[]>> {
  const { layout, ids, label, epoch, digests } = plan;
  const tree = treeRequest(plan);
  const entries = sealed === undefined ? mediumTree(tree) : bootTree(tree);
  const total = bytesOf(entries) + (sealed === undefined ? 0 : sealedBytes(sealed));
  let done = 0;
  let unpaced = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    unpaced += bytes;
    emit({ type: 'progress', stage: 'write', done, total, unit: 'bytes' });
  };
  const pace = async (): Promise<void> => {
    const bytes = unpaced;
    unpaced = 0;
    if (paced) await disk.pace(bytes);
  };
  const common = { target: disk.path, hashSeed: ids.hashSeed, epoch, scratch };
  const request: Ext4Request =
    layout.boot === undefined
      ? { ...common, part: layout.storage, uuid: ids.storage, label }
      : { ...common, part: layout.boot, uuid: ids.boot, label: BOOT_LABEL };
  try {
    for (const piece of [pieces.esp, pieces.core]) await disk.write(piece);
    await disk.flush();
    const made = await makeExt4(tools, request, entries, { signal, digests, onBytes, pace });
    if (!made.ok) return made;
    const counted = {
      signal,
      onBytes: (bytes: number) => {
        onBytes(bytes);
        return pace();
      },
    };
    const written = sealed === undefined ? [] : await writeSealed(disk, sealed, layout.storage, counted);
    await disk.write(pieces.tail);
    await disk.flush();
    return ok(written);
  } catch (cause) {
    return err(deviceFailure(disk.path, cause));
  }
}

function bytesOf(entries: readonly TreeEntry[]): number {
  return entries.reduce((sum, entry) => sum + ('file' in entry ? entry.file.bytes : 0), 0);
}

/** Removes signatures of what was there: at the beginning, where ext4 leaves its first blocks, at the end. */
export async function wipe(disk: Disk, { bytes, boot, storage }: Layout): Promise<void> {
  const zeros = Buffer.alloc(MIB);
  const starts = boot === undefined ? [0, storage.start] : [0, boot.start, storage.start];
  const end = storage.start + storage.bytes;
  for (const at of [...starts, end - MIB, bytes - MIB]) await disk.write({ at, bytes: zeros });
  await disk.flush();
}
