/** A new medium: planned as data, then written into a new file or over a device. */
import { truncateSync } from 'node:fs';
import { err, ok, type Result } from '../../../core/result.js';
import { formatBytes } from '../../../core/text/size.js';
import type { Context } from '../../context.js';
import type { BlockDevice } from '../../media/block-device.js';
import { checkCapacity } from '../../media/capacity.js';
import { Disk, deviceFailure } from '../../media/disk.js';
import { idsFrom, randomSeed, seedOf } from '../../media/ids.js';
import { bytesOnExt4, defaultBytes, fit, LUKS_HEADER, MIB, type Room } from '../../media/layout.js';
import { publishNew, requireRoom } from '../../media/new-file.js';
import { rereadTable } from '../../media/partitions.js';
import { type PreparedSeal, prepareSeal } from '../../media/prepare-seal.js';
import type { MediumTools } from '../../media/programs.js';
import type { SetFile } from '../../media/source.js';
import { FIRST, isBootFile } from '../../media/tree.js';
import { verifyDevice } from '../../media/verify.js';
import {
  type Encryption,
  type MediumPlan,
  type RawPieces,
  rawPieces,
  wipe,
  writeBody,
} from '../../media/write.js';
import { stage } from '../../stage.js';
import { type Content, readDigests } from './content.js';
import type { InstallOptions, InstallResult } from './options.js';
import { resultOf } from './tell.js';

/** What is needed to make one. */
export interface Making {
  readonly options: InstallOptions;
  readonly content: Content;
  readonly tools: MediumTools;
  /** Identifies the programs that make it, and its boot programs. */
  readonly toolsId: string;
  /** Absent: the medium is not encrypted. */
  readonly encryption?: Encryption | undefined;
  readonly scratch: string;
}

/** Bytes of files on it. */
function roomFor({ set, layers }: Content, encrypted: boolean): Room {
  const room = (files: readonly SetFile[]): number => bytesOnExt4(files.map(({ bytes }) => bytes));
  const images = room([...set.files, ...layers]);
  return encrypted ? { images, plain: room(set.files.filter(({ name }) => isBootFile(name))) } : { images };
}

/** Bytes that are written. */
function writtenBytes({ images, plain = 0 }: Room): number {
  return images + plain;
}

const SMALLER = 'use a larger medium, leave layers out (--layers none), or make the base smaller (--without)';

/** The plan of a medium of `bytes`. `seed`: of its UUIDs; absent: they follow from the content. */
async function planOf(
  { options, content, toolsId, encryption }: Making,
  bytes: number,
  seed: string | undefined,
  context: Context,
): Promise<Result<MediumPlan>> {
  const room = roomFor(content, encryption !== undefined);
  const layout = fit(bytes, room, options.target, SMALLER);
  if (!layout.ok) return layout;
  const { set, layers, epoch } = content;
  const files = [...set.files, ...layers];
  const digests = await readDigests(files, context);
  if (!digests.ok) return digests;
  const own = [...set.own, ...options.append];
  const { label } = options;
  const facts = files.map(({ name, mode, from }) => `${name} ${mode} ${digests.value.get(from)}`);
  const derived = seedOf([String(bytes), label, String(epoch), toolsId, JSON.stringify(own), ...facts]);
  const ids = idsFrom(seed ?? derived);
  const plan = { layout: layout.value, ids, label, epoch, files, digests: digests.value, own, encryption };
  return ok(plan);
}

/** The encrypted part; `undefined`: there is none. */
async function sealOf(
  { tools, scratch }: Making,
  plan: MediumPlan,
  context: Context,
): Promise<Result<PreparedSeal | undefined>> {
  const { encryption } = plan;
  if (encryption === undefined) return ok(undefined);
  return stage(context, 'encrypt', 'header and file system', () =>
    prepareSeal(tools, plan, encryption, scratch, context),
  );
}

/** What a new file takes at first besides the images. */
const OWN = 48 * MIB;
/** And an encrypted one. */
const OWN_ENCRYPTED = OWN + LUKS_HEADER + 48 * MIB;

/** Makes a new file: beside its name, which it gets once it is complete. */
export async function makeFile(
  making: Making,
  path: string,
  context: Context,
): Promise<Result<InstallResult>> {
  const { options, content, scratch, tools, encryption } = making;
  const needed = roomFor(content, encryption !== undefined);
  // What is encrypted is never the same twice.
  const seed = encryption === undefined ? undefined : randomSeed();
  const plan = await planOf(making, options.size ?? defaultBytes(needed), seed, context);
  if (!plan.ok) return plan;
  const room = requireRoom(path, writtenBytes(needed) + (encryption === undefined ? OWN : OWN_ENCRYPTED));
  if (!room.ok) return room;
  const seal = await sealOf(making, plan.value, context);
  if (!seal.ok) return seal;
  using sealed = seal.value;
  const made = await publishNew(path, options.owner, context.signal, async (file) => {
    const pieces = await rawPieces(tools, plan.value, scratch, context.signal);
    if (!pieces.ok) return pieces;
    truncateSync(file, plan.value.layout.bytes);
    return stage(context, 'write', formatBytes(writtenBytes(needed)), async () => {
      await using disk = await Disk.open(file);
      const body = await writeBody(
        disk,
        { tools, plan: plan.value, pieces: pieces.value, sealed, scratch },
        false,
        context,
      );
      if (!body.ok) return body;
      await disk.write(pieces.value.head);
      await disk.flush();
      return ok();
    });
  });
  const { signed } = content;
  return made.ok ? ok(resultOf(path, plan.value, { kind: 'file', signed, seal: sealed })) : made;
}

/** Whether a device has room, before anybody is asked. */
export function requireSize(device: BlockDevice, content: Content, encrypted: boolean): Result<void> {
  const layout = fit(device.size, roomFor(content, encrypted), device.path, SMALLER);
  return layout.ok ? ok() : layout;
}

/** Overwrites a device: nothing on it is a medium until all of it was read back. */
export async function makeDevice(
  making: Making,
  device: BlockDevice,
  context: Context,
): Promise<Result<InstallResult>> {
  const seed = randomSeed();
  const plan = await planOf(making, device.size, seed, context);
  if (!plan.ok) return plan;
  const pieces = await rawPieces(making.tools, plan.value, making.scratch, context.signal);
  if (!pieces.ok) return pieces;
  const seal = await sealOf(making, plan.value, context);
  if (!seal.ok) return seal;
  using sealed = seal.value;
  try {
    const written = await overwrite(making, device, plan.value, { pieces: pieces.value, sealed }, context);
    if (!written.ok) return written;
  } catch (cause) {
    return err(deviceFailure(device.path, cause));
  }
  // Where udev runs it does so itself, once the lock is released.
  const read = await rereadTable(device.path, plan.value.layout.storage);
  if (!read.ok) context.emit({ type: 'warning', problem: read.problem });
  const { signed } = making.content;
  return ok(resultOf(device.path, plan.value, { kind: 'device', signed, seal: sealed }));
}

async function overwrite(
  { tools, scratch, content }: Making,
  { path, size }: BlockDevice,
  plan: MediumPlan,
  { pieces, sealed }: { readonly pieces: RawPieces; readonly sealed: PreparedSeal | undefined },
  context: Context,
): Promise<Result<void>> {
  const cleared = await stage(context, 'capacity', `whether it has ${formatBytes(size)}`, () =>
    clear(path, plan, context),
  );
  if (!cleared.ok) return cleared;
  await using disk = await Disk.open(path);
  const room = roomFor(content, sealed !== undefined);
  const written = await stage(context, 'write', formatBytes(writtenBytes(room)), () =>
    writeBody(disk, { tools, plan, pieces, sealed, scratch }, true, context),
  );
  if (!written.ok) return written;
  const { esp, core, tail, head } = pieces;
  const { digests, layout } = plan;
  const files = sealed === undefined ? plan.files : plan.files.filter(({ name }) => isBootFile(name));
  const part = layout.boot ?? layout.storage;
  const facts = { path, part, number: FIRST, files, digests, sealed: written.value };
  const same = await stage(context, 'verify', 'reading it back', () =>
    verifyDevice({ ...facts, pieces: [esp, core, tail] }, scratch, context),
  );
  if (!same.ok) return same;
  await disk.write(head);
  await disk.flush();
  return verifyDevice({ ...facts, files: [], sealed: [], pieces: [head] }, scratch, context);
}

/**
 * Makes it empty, then looks whether it is as large as it says. Until then nobody else can mount what is
 * there; mke2fs has to have it alone afterwards (open(2), O_EXCL).
 */
async function clear(path: string, { layout, ids }: MediumPlan, { signal }: Context): Promise<Result<void>> {
  const alone = await Disk.openAlone(path);
  if (!alone.ok) return alone;
  await using disk = alone.value;
  await wipe(disk, layout);
  return await checkCapacity(disk, layout.bytes, ids.disk, signal);
}
