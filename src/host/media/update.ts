/** Adds a generation to an existing medium: the others and all layers stay. */
import { mkdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { GENERATIONS, unfinishedName } from '../../core/set/generations.js';
import { formatBytes } from '../../core/text/size.js';
import type { Context } from '../context.js';
import {
  type AddedGeneration,
  addGeneration,
  type GenerationPart,
  nameGeneration,
} from '../set/add-generation.js';
import { clearUnfinished, generationFolder, openGenerations } from '../set/generations.js';
import { runningGeneration } from '../set/running.js';
import {
  clearCopies,
  makeCopies,
  nameCopies,
  requireCopiesRoom,
  unnamedCopies,
  withCopies,
} from './boot-copies.js';
import { copyPaced } from './copy.js';
import { dropText } from './describe.js';
import { deviceFailure, forgetCache } from './disk.js';
import { JOURNAL, MIB, SECTOR } from './layout.js';
import type { FoundMedium } from './medium.js';
import { menuOf, readMenu, writeMenu } from './menu.js';
import { type MediumKey, type MountedMedium, onMedium } from './mounted-medium.js';
import { layersIn, type SetFile, type SourceSet } from './source.js';
import { cmdlineOn, isBootFile } from './tree.js';
import { compareFiles } from './verify.js';

export interface MediumUpdate {
  readonly target: string;
  /** Whether what was written is read back: a device's, not a file's. */
  readonly isDevice: boolean;
  readonly medium: FoundMedium;
  readonly set: SourceSet;
  readonly digests: ReadonlyMap<string, string>;
  /** Layers instead of those of the medium's default generation. */
  readonly layers?: readonly SetFile[] | undefined;
  /** Whether layers with an identity go along. */
  readonly identities: boolean;
  readonly append: readonly KernelParameter[];
  /** Absent: the medium is not encrypted. */
  readonly key?: MediumKey | undefined;
  readonly scratch: string;
}

/** What was added, and what boots by default now. */
export interface UpdatedMedium extends AddedGeneration {
  readonly default: number;
}

/**
 * Adds it, reads back what a device has of it, and only then gives it its number and writes the menu that
 * names it. Until then it counts as unfinished: the next run clears it.
 */
export async function updateMedium(update: MediumUpdate, context: Context): Promise<Result<UpdatedMedium>> {
  const grows = roomToGrow(update);
  if (grows < 0) return err(noRoomAround(update.target));
  const added = await onMedium(update, context, (mounted) => add(mounted, update, context));
  if (!added.ok) return added;
  if (update.isDevice) {
    const forgotten = await forgetCache(update.target, context.signal);
    if (!forgotten.ok) return forgotten;
  }
  return onMedium(update, context, (mounted) => name(mounted, update, added.value, context));
}

async function name(
  mounted: MountedMedium,
  update: MediumUpdate,
  added: AddedGeneration,
  context: Context,
): Promise<Result<UpdatedMedium>> {
  const { boot, devices } = mounted;
  const { number, present } = added;
  const images = join(mounted.images, MEDIUM.images);
  if (update.isDevice) {
    const clear = (): void => clearUnfinished(images, openGenerations(images));
    const same = await verify(mounted, update, added, context).catch((cause: unknown) => {
      // Interrupted: its room is free again at once.
      clear();
      throw cause;
    });
    if (!same.ok) {
      clear();
      return same;
    }
  }
  try {
    if (!present) nameGeneration(images, number);
    nameCopies(boot, number);
  } catch (cause) {
    return err(deviceFailure(update.target, cause));
  }
  const all = openGenerations(images);
  const generations = update.medium.encrypted === undefined ? all : withCopies(all, boot);
  const written = await writeMenu(boot, menuOf(generations, devices));
  const first = generations.all.find(({ isDefault }) => isDefault)?.number ?? number;
  return written.ok ? ok({ ...added, default: first }) : written;
}

/** Blocks of a sparse file that ext4 writes besides the images: its journal, maps, folders. */
const GROWTH = JOURNAL + 4 * MIB;

/**
 * Bytes of images by which a file may grow where it lies: a sparse one has more room inside than around it,
 * and a write that fails below a mounted file system damages that.
 */
function roomToGrow({ target, isDevice }: Pick<MediumUpdate, 'target' | 'isDevice'>): number {
  if (isDevice) return Number.POSITIVE_INFINITY;
  const { blocks, size } = statSync(target);
  if (blocks * SECTOR >= size) return Number.POSITIVE_INFINITY;
  const { bavail, bsize } = statfsSync(target);
  return bavail * bsize - GROWTH;
}

function noRoomAround(target: string, why?: string): Problem {
  return {
    code: 'medium-no-room',
    what: 'not enough room for this file to grow',
    where: target,
    why:
      why ??
      `it is sparse, and its file system is nearly full; changing it takes ${formatBytes(GROWTH)} there`,
    next: 'free some space where the file lies, or copy it to another file system (cp --sparse=always)',
  };
}

async function add(
  { images: root, boot, devices }: MountedMedium,
  update: MediumUpdate,
  context: Context,
): Promise<Result<AddedGeneration>> {
  const { set, identities, append, medium, target } = update;
  const menu = readMenu(boot);
  if (!menu.ok) return menu;
  const images = join(root, MEDIUM.images);
  mkdirSync(images, { recursive: true });
  clearUnfinished(images, openGenerations(images));
  const generations = openGenerations(images, runningGeneration(images));
  const first = generations.all.find(({ isDefault }) => isDefault);
  const kept = first === undefined ? ok([]) : layersIn(generationFolder(images, first.number), identities);
  if (!kept.ok) return kept;
  const inTheOpen = medium.encrypted === undefined ? [] : set.files.filter(({ name }) => isBootFile(name));
  if (inTheOpen.length > 0) {
    clearCopies(
      boot,
      generations.all.map(({ number }) => number),
    );
    const fits = requireCopiesRoom(boot, inTheOpen, target);
    if (!fits.ok) return fits;
  }
  const layers: readonly GenerationPart[] = update.layers ?? kept.value;
  const written = [...set.files, ...(update.layers ?? []), ...inTheOpen];
  const total = written.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    context.emit({ type: 'progress', stage: 'write', done, total, unit: 'bytes' });
  };
  // What goes into the open of a sparse file takes room around it too.
  const room = Math.max(0, roomToGrow(update) - inTheOpen.reduce((sum, { bytes }) => sum + bytes, 0));
  const { bavail, bsize } = statfsSync(images);
  const copy = (from: string, to: string): Promise<void> => copyPaced(from, to, context.signal, onBytes);
  try {
    const added = await addGeneration({
      ...{ images, generations, set: set.folder, layers, room },
      cmdline: (number) => cmdlineOn(devices, number, [...set.own, ...append]),
      always: update.layers !== undefined || !identities,
      copy,
      hold: true,
    });
    // Inside first: what is named in the open is whole.
    if (added.ok && inTheOpen.length > 0) await makeCopies(boot, added.value.number, inTheOpen, copy);
    if (added.ok || added.problem.code !== 'generation-no-room') return added;
    if (room < bavail * bsize) return err(noRoomAround(target, added.problem.why));
    const next = dropText(target, medium.encrypted !== undefined);
    return err({ ...added.problem, where: target, next });
  } catch (cause) {
    return err(deviceFailure(target, cause));
  }
}

/** Compares what a device has of it, as far as it was written now; afterwards the progress is whole. */
async function verify(
  { images, boot }: MountedMedium,
  { target, set, layers = [], digests }: MediumUpdate,
  { number, present }: AddedGeneration,
  { signal, emit }: Context,
): Promise<Result<void>> {
  const made = join(images, MEDIUM.images, GENERATIONS, unfinishedName(number));
  const copies = unnamedCopies(boot, number);
  const parts = [
    ...(present ? [] : [{ folder: made, files: [...set.files, ...layers] }]),
    ...(copies === undefined
      ? []
      : [{ folder: copies, files: set.files.filter((file) => isBootFile(file.name)) }]),
  ];
  const total = parts.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    emit({ type: 'progress', stage: 'verify', done, total, unit: 'bytes' });
  };
  for (const { folder, files } of parts) {
    const same = await compareFiles(folder, { path: target, files, digests }, signal, onBytes);
    if (!same.ok) return same;
  }
  return ok();
}
