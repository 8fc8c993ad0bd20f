/** Writes a whole new medium: into a new file, or over a device. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KernelParameter, renderCmdline } from '../../core/boot/cmdline.js';
import { FILES } from '../../core/contract.js';
import { readGenerations } from '../../core/generations/read.js';
import { bootParameters } from '../../core/loader/entry.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Result } from '../../core/result.js';
import { generationPath } from '../../core/set/generations.js';
import type { Context } from '../context.js';
import { readPart } from '../set/folder.js';
import { run } from '../sys/run.js';
import { earlyConfig, mbrCode, mkimageArguments, placedCore } from './bios.js';
import { type Disk, deviceFailure, usedPart } from './disk.js';
import { makeEsp } from './esp.js';
import { makeExt4, type TreeEntry } from './ext4.js';
import { type Piece, renderGpt } from './gpt.js';
import type { MediumIds } from './ids.js';
import { type Layout, MIB, SECTOR } from './layout.js';
import { menuOf } from './menu.js';
import { BOOT_PROGRAMS, type MediumTools } from './programs.js';
import type { SetFile } from './source.js';

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

/** The number of a new medium's only generation. */
const FIRST = 1;

/** The command line of a generation on a medium. */
export function cmdlineOn(uuid: string, number: number, own: readonly KernelParameter[]): string {
  const path = generationPath(MEDIUM.images, number);
  return renderCmdline(bootParameters({ device: `UUID=${uuid}`, path, append: own }));
}

/** Everything on its ext4, parents first. Pure but for what the images say of themselves. */
function treeOf(plan: MediumPlan): TreeEntry[] {
  const { ids, files, own } = plan;
  const folder = generationPath(MEDIUM.images, FIRST).slice(1);
  const cmdline = `${cmdlineOn(ids.storage, FIRST, own)}\n`;
  const names = [...files.map(({ name }) => name), FILES.cmdline];
  const fileOf = (name: string): SetFile | undefined => files.find((file) => file.name === name);
  const generations = readGenerations({
    names: [String(FIRST)],
    read: () => undefined,
    open: () => ({
      names,
      size: (name) => (name === FILES.cmdline ? cmdline.length : fileOf(name)?.bytes),
      read: (name, offset, length) =>
        name === FILES.cmdline ? Buffer.from(cmdline) : readPart(fileOf(name)?.from ?? '', offset, length),
    }),
  });
  return [
    ...['boot', MEDIUM.grub.slice(1)].map((path): TreeEntry => ({ path, folder: true })),
    { path: MEDIUM.menu.slice(1), text: menuOf(generations, `UUID=${ids.storage}`) },
    ...[MEDIUM.images.slice(1), `${MEDIUM.images.slice(1)}/generations`, folder].map(
      (path): TreeEntry => ({ path, folder: true }),
    ),
    ...files.map((file): TreeEntry => ({ path: `${folder}/${file.name}`, file })),
    { path: `${folder}/${FILES.cmdline}`, text: cmdline },
  ];
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
  const esp = await makeEsp(tools, { scratch, bytes: layout.esp.bytes, ids, epoch }, signal);
  if (!esp.ok) return esp;
  const core = await makeCore(tools, ids.storage, scratch, signal);
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

/** GRUB's core for BIOS, which finds the menu on the file system with the UUID `storage`. */
export async function makeCore(
  { root, programs }: MediumTools,
  storage: string,
  scratch: string,
  signal: AbortSignal,
): Promise<Result<Buffer>> {
  const [early, out] = [join(scratch, 'early.cfg'), join(scratch, 'core.img')];
  writeFileSync(early, earlyConfig(storage));
  const made = await run(
    programs.grubMkimage(mkimageArguments(join(root, BOOT_PROGRAMS.grubPc), early, out)),
    {
      signal,
    },
  );
  return made.ok ? ok(readFileSync(out)) : made;
}

/** Writes all but the head, which makes it a medium. `blank`: whether the target holds something older. */
export async function writeBody(
  disk: Disk,
  {
    tools,
    plan,
    pieces,
    scratch,
  }: { tools: MediumTools; plan: MediumPlan; pieces: RawPieces; scratch: string },
  blank: boolean,
  context: Context,
): Promise<Result<void>> {
  const { layout, ids, label, epoch, digests } = plan;
  const total = plan.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  try {
    if (blank) await wipe(disk, layout);
    for (const piece of [pieces.esp, pieces.core]) await disk.write(piece);
    await disk.flush();
    let unpaced = 0;
    const made = await makeExt4(
      tools,
      { target: disk.path, part: layout.storage, ids, label, epoch, scratch },
      treeOf(plan),
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
          if (blank) await disk.pace(bytes);
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
async function wipe(disk: Disk, { bytes, storage }: Layout): Promise<void> {
  const zeros = Buffer.alloc(MIB);
  for (const at of [0, storage.start, bytes - MIB]) await disk.write({ at, bytes: zeros });
  await disk.flush();
}
