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
import { makeExt4 } from './ext4.js';
import { type Piece, renderGpt } from './gpt.js';
import type { MediumIds } from './ids.js';
import { type Layout, MIB, SECTOR } from './layout.js';
import { byUuid, deviceOf } from './menu-place.js';
import { BOOT_PROGRAMS, type MediumTools } from './programs.js';
import type { SetFile } from './source.js';
import { mediumTree } from './tree.js';

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
    { scratch, bytes: layout.esp.bytes, place: byUuid(ids.storage), volume: ids.volume, epoch },
    signal,
  );
  if (!esp.ok) return esp;
  const core = await makeCore(tools, { place: byUuid(ids.storage), scratch }, signal);
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

/** Writes all but the head, which makes it a medium. `paced`: the target is a device, flushed as it goes. */
export async function writeBody(
  disk: Disk,
  {
    tools,
    plan,
    pieces,
    scratch,
  }: { tools: MediumTools; plan: MediumPlan; pieces: RawPieces; scratch: string },
  paced: boolean,
  context: Context,
): Promise<Result<void>> {
  const { layout, ids, label, epoch, digests } = plan;
  const total = plan.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  try {
    for (const piece of [pieces.esp, pieces.core]) await disk.write(piece);
    await disk.flush();
    let unpaced = 0;
    const made = await makeExt4(
      tools,
      { target: disk.path, part: layout.storage, ids, label, epoch, scratch },
      mediumTree({ device: deviceOf(byUuid(ids.storage)), files: plan.files, own: plan.own }),
      {
        signal: context.signal,
        digests,
        onBytes: (bytes) => {
          done += bytes;
          unpaced += bytes;
          context.emit({ type: 'progress', stage: 'write', done, total, unit: 'bytes' });
        },
        pace: async () => {
          const bytes = unpaced;
          unpaced = 0;
          if (paced) await disk.pace(bytes);
        },
      },
    );
    if (!made.ok) return made;
    await disk.write(pieces.tail);
    await disk.flush();
    return ok();
  } catch (cause) {
    return err(deviceFailure(disk.path, cause));
  }
}

/** Removes signatures of what was there: at the beginning, where ext4 leaves its first blocks, at the end. */
export async function wipe(disk: Disk, { bytes, storage }: Layout): Promise<void> {
  const zeros = Buffer.alloc(MIB);
  for (const at of [0, storage.start, bytes - MIB]) await disk.write({ at, bytes: zeros });
  await disk.flush();
}
