/** `mkma generations` on the host: several sets of images in one folder, and the boot entries that follow. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type KernelParameter, parseCmdline } from '../../core/boot/cmdline.js';
import { type Action, changeLine, type GenerationChange, planChange } from '../../core/generations/change.js';
import { diffGenerations, type GenerationDiff, generationDiffLines } from '../../core/generations/diff.js';
import {
  type GenerationList,
  generationLines,
  listGenerations,
  type ShownGeneration,
  showGeneration,
  shownLines,
} from '../../core/generations/list.js';
import { findGeneration, type Generation, type Generations } from '../../core/generations/read.js';
import { diffTrees } from '../../core/layers/diff.js';
import { ownParameters } from '../../core/loader/entry.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { GENERATIONS, generationPath } from '../../core/set/generations.js';
import { formatBytes } from '../../core/text/size.js';
import { bootCmdline } from '../boot-entry/entry.js';
import { locate, type Placement } from '../boot-entry/placement.js';
import type { Context } from '../context.js';
import { type AddedGeneration, addGeneration, cmdlineOf, layersOf } from '../set/add-generation.js';
import { applyChange, clearUnfinished, generationFolder, openGenerations } from '../set/generations.js';
import { runningGeneration } from '../set/running.js';
import { findWhole } from '../set/whole.js';
import type { Owner } from '../sys/files.js';
import { lockImages } from '../sys/output.js';
import { dropEntries, followEntries } from './follow-entries.js';
import { readTree, sha256 } from './layers/content.js';
import type { Told } from './layers/look.js';

/** All of them. */
export function list(images: string): Result<Told<GenerationList>> {
  const found = open(images);
  if (!found.ok) return found;
  const value = listGenerations(found.value);
  return ok({ ...value, lines: generationLines(value) });
}

/** One, with its files. */
export function showOne(images: string, number: string): Result<Told<ShownGeneration>> {
  const found = open(images);
  if (!found.ok) return found;
  const one = findGeneration(found.value, number);
  if (!one.ok) return one;
  const value = showGeneration(one.value);
  return ok({ ...value, lines: shownLines(value) });
}

/** What differs between two; files are compared only if their bases differ. */
export async function diff(
  images: string,
  numbers: readonly [string, string],
  allFiles: boolean,
  { signal }: Context,
): Promise<Result<Told<GenerationDiff>>> {
  const found = open(images);
  if (!found.ok) return found;
  const [a, b] = numbers.map((number) => findGeneration(found.value, number)) as [
    Result<Generation>,
    Result<Generation>,
  ];
  if (!a.ok) return a;
  if (!b.ok) return b;
  const value = diffGenerations(a.value, b.value);
  if (value.sameBase) return ok({ ...value, lines: generationDiffLines(value, allFiles) });
  const left = await treeOf(images, a.value, signal);
  if (!left.ok) return left;
  const right = await treeOf(images, b.value, signal);
  if (!right.ok) return right;
  const files = diffTrees(
    { name: `generation ${value.a}`, tree: left.value },
    { name: `generation ${value.b}`, tree: right.value },
  );
  const whole = { ...value, files };
  return ok({ ...whole, lines: generationDiffLines(whole, allFiles) });
}

async function treeOf(images: string, { number, stored, problem }: Generation, signal: AbortSignal) {
  const { base } = stored;
  if (base === undefined) return err(problem as Problem);
  return readTree(generationFolder(images, number), base, signal, { hasher: sha256 });
}

/** Pins, unpins, drops or uses one; then the boot entries follow. */
export async function change(
  images: string,
  action: Action,
  number: string,
  owner: Owner | undefined,
  context: Context,
): Promise<Result<Told<GenerationChange>>> {
  return withLock(images, owner, async () => {
    const found = open(images);
    if (!found.ok) return found;
    const plan = planChange(found.value, action, number);
    if (!plan.ok) return plan;
    // No entry ever names what is not there: it goes before its generation.
    const before = action === 'drop' ? await dropEntries(images, [plan.value.number], context) : ok([]);
    if (!before.ok) return before;
    const done = attempt(images, () => {
      clearUnfinished(images, found.value);
      applyChange(images, plan.value, owner);
    });
    if (!done.ok) return done;
    const followed = action === 'use' ? await followEntries(images, context) : before.value;
    return ok({ ...plan.value, lines: [changeLine(plan.value), ...followed] });
  });
}

/** Makes a generation of the folder's own images. */
export async function add(
  images: string,
  withLayers: boolean,
  owner: Owner | undefined,
  context: Context,
): Promise<Result<Told<AddedGeneration>>> {
  return withLock(images, owner, async () => {
    const added = await addFlat(images, withLayers, owner, context);
    if (!added.ok) return added;
    const followed = added.value.present ? [] : await followEntries(images, context);
    return ok({ ...added.value, lines: [addedLine(added.value), ...followed] });
  });
}

/** What adding did, for people. */
export function addedLine({ number, present, copied }: AddedGeneration): string {
  if (present) return `generation ${number} has these images already`;
  const cost =
    copied === 0 ? '' : `, ${formatBytes(copied)} of it copied, since hard links are not possible there`;
  return `made generation ${number}${cost}`;
}

/**
 * Makes a generation of the folder's own images. Its layers are those of the default generation, as long as
 * there is none those of the folder. The caller holds the folder's lock.
 */
export async function addFlat(
  images: string,
  withLayers: boolean,
  owner: Owner | undefined,
  context: Context,
): Promise<Result<AddedGeneration>> {
  const base = findWhole(images);
  if (!base.ok) return base;
  const placement = await locate(realpathSync(images), context.signal);
  if (!placement.ok) return placement;
  const found = open(images);
  if (!found.ok) return found;
  const append = ownParameters(parseCmdline(cmdlineOf(images)));
  const first = found.value.all.find(({ isDefault }) => isDefault);
  const layersFrom = first === undefined ? images : generationFolder(images, first.number);
  const made = await attemptLong(images, () => {
    clearUnfinished(images, found.value);
    return addGeneration({
      ...{ images, generations: found.value, set: images, owner },
      cmdline: (number) => cmdlineIn(placement.value, number, append),
      layers: withLayers ? layersOf(layersFrom) : [],
    });
  });
  return made.ok ? made.value : made;
}

/** The command line of a generation. */
function cmdlineIn(placement: Placement, number: number, append: readonly KernelParameter[]): string {
  const place = placement.bootable
    ? { ...placement, path: generationPath(placement.path, number) }
    : placement;
  return bootCmdline(place, append);
}

/** The generations of a folder, and which of them this machine runs from, if it is one of mkma's. */
function open(images: string): Result<Generations> {
  return attempt(images, () => openGenerations(images, runningGeneration(images)));
}

/** Errors of the operating system about the folder are the user's. */
function attempt<T>(images: string, work: () => T): Result<T> {
  try {
    return ok(work());
  } catch (cause) {
    return refuse(images, cause);
  }
}

/** {@link attempt} for work that takes its time. */
async function attemptLong<T>(images: string, work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (cause) {
    return refuse(images, cause);
  }
}

function refuse(images: string, cause: unknown): Result<never> {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === undefined) throw cause;
  return err({
    code: 'images-folder-not-writable',
    what: 'cannot read or change the generations',
    where: join(images, GENERATIONS),
    why: message,
    next: 'check that the folder can be written to; if it belongs to root, run as root',
  });
}

async function withLock<T>(
  images: string,
  owner: Owner | undefined,
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  const lock = await lockImages(images, owner);
  if (!lock.ok) return lock;
  using _held = lock.value;
  return await work();
}
