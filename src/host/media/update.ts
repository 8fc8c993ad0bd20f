/** Adds a generation to an existing medium: the others and all layers stay. */
import { mkdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import type { Context } from '../context.js';
import { type AddedGeneration, addGeneration, type GenerationPart } from '../set/add-generation.js';
import { clearUnfinished, dropGeneration, generationFolder, openGenerations } from '../set/generations.js';
import { runningGeneration } from '../set/running.js';
import { copyPaced } from './copy.js';
import { deviceFailure, forgetCache } from './disk.js';
import { JOURNAL, MIB, SECTOR } from './layout.js';
import type { FoundMedium } from './medium.js';
import { menuOf, readMenu, writeMenu } from './menu.js';
import { mountStorage } from './mount.js';
import { layersIn, type SetFile, type SourceSet } from './source.js';
import { cmdlineOn } from './tree.js';
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
  readonly scratch: string;
}

/** What was added, and what boots by default now. */
export interface UpdatedMedium extends AddedGeneration {
  readonly default: number;
}

/** Adds it, reads back what a device has of it, and only then writes the menu that names it. */
export async function updateMedium(update: MediumUpdate, context: Context): Promise<Result<UpdatedMedium>> {
  const grows = roomToGrow(update);
  if (grows < 0) return err(noRoomAround(update.target));
  const added = await onMedium(update, context, (root) => add(root, update, context));
  if (!added.ok) return added;
  if (update.isDevice && !added.value.present) {
    const forgotten = await forgetCache(update.target, context.signal);
    if (!forgotten.ok) return forgotten;
  }
  const named = await onMedium(update, context, async (root) => {
    if (update.isDevice && !added.value.present) {
      const same = await verify(root, update, added.value.number, context);
      if (!same.ok) {
        dropGeneration(join(root, MEDIUM.images), added.value.number);
        return same;
      }
    }
    const generations = openGenerations(join(root, MEDIUM.images));
    const written = await writeMenu(root, menuOf(generations, `UUID=${update.medium.uuid}`));
    const first = generations.all.find(({ isDefault }) => isDefault)?.number ?? added.value.number;
    return written.ok ? ok({ ...added.value, default: first }) : written;
  });
  return named;
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

/** Does it while the medium is mounted. */
async function onMedium<T>(
  { target, medium, scratch }: MediumUpdate,
  { signal }: Context,
  work: (root: string) => Promise<Result<T>>,
): Promise<Result<T>> {
  const mounted = await mountStorage(target, medium.storage, { scratch, readOnly: false }, signal);
  if (!mounted.ok) return mounted;
  let done: Result<T>;
  try {
    done = await work(mounted.value.path);
  } catch (cause) {
    await mounted.value.unmount();
    throw cause;
  }
  const gone = await mounted.value.unmount();
  return done.ok && !gone.ok ? gone : done;
}

async function add(root: string, update: MediumUpdate, context: Context): Promise<Result<AddedGeneration>> {
  const { set, identities, append, medium, target } = update;
  const menu = readMenu(root);
  if (!menu.ok) return menu;
  const images = join(root, MEDIUM.images);
  mkdirSync(images, { recursive: true });
  clearUnfinished(images, openGenerations(images));
  const generations = openGenerations(images, runningGeneration(images));
  const first = generations.all.find(({ isDefault }) => isDefault);
  const kept = first === undefined ? ok([]) : layersIn(generationFolder(images, first.number), identities);
  if (!kept.ok) return kept;
  const layers: readonly GenerationPart[] = update.layers ?? kept.value;
  const total = [...set.files, ...(update.layers ?? [])].reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    context.emit({ type: 'progress', stage: 'write', done, total, unit: 'bytes' });
  };
  const room = roomToGrow(update);
  const { bavail, bsize } = statfsSync(images);
  try {
    const added = await addGeneration({
      ...{ images, generations, set: set.folder, layers, room },
      cmdline: (number) => cmdlineOn(`UUID=${medium.uuid}`, number, [...set.own, ...append]),
      always: update.layers !== undefined || !identities,
      copy: (from, to) => copyPaced(from, to, context.signal, onBytes),
    });
    if (added.ok || added.problem.code !== 'generation-no-room') return added;
    if (room < bavail * bsize) return err(noRoomAround(target, added.problem.why));
    const next = `mount ${part(target)} and drop one: mkma generations drop N --output MOUNTPOINT${MEDIUM.images}`;
    return err({ ...added.problem, where: target, next });
  } catch (cause) {
    return err(deviceFailure(target, cause));
  }
}

/** The partition with the generations, as it is named for people. */
function part(target: string): string {
  return `the third partition of ${target}`;
}

function verify(
  root: string,
  { target, set, layers = [], digests }: MediumUpdate,
  number: number,
  { signal, emit }: Context,
): Promise<Result<void>> {
  const files = [...set.files, ...layers];
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  return compareFiles(root, { path: target, number, files, digests }, signal, (bytes) => {
    done += bytes;
    emit({ type: 'progress', stage: 'verify', done, total, unit: 'bytes' });
  });
}
