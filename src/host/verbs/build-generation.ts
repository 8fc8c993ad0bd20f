/** What a build does with generations: keeps what was there, adds the new one, drops old ones. */
import { ok, type Result } from '../../core/result.js';
import { droppedBy } from '../../core/set/generations.js';
import type { Context } from '../context.js';
import { dropGeneration, openGenerations } from '../set/generations.js';
import { runningGeneration } from '../set/running.js';
import { findWhole } from '../set/whole.js';
import type { BuildSettings } from '../steps/settings.js';
import { dropEntries, followEntries, warnOfEntries } from './follow-entries.js';
import { addedLine, addFlat } from './generations.js';

type Wanted = Pick<BuildSettings, 'generation' | 'keep' | 'owner'>;

/** Images that a folder has before its first generation become one, so that the build replaces nothing. */
export async function keepFlat(
  images: string,
  { generation, owner }: Wanted,
  context: Context,
): Promise<Result<void>> {
  if (!generation || openGenerations(images).all.length > 0) return ok();
  const before = findWhole(images);
  if (!before.ok && before.problem.code === 'images-mixed') {
    const text = `the images of before do not become a generation: ${before.problem.why}`;
    context.emit({ type: 'note', text });
  }
  if (!before.ok) return ok();
  const kept = await addFlat(images, true, owner, context);
  if (!kept.ok) return kept;
  context.emit({ type: 'note', text: `the images of before are generation ${kept.value.number}` });
  return ok();
}

/** A build's generation. */
export interface BuiltGeneration {
  readonly number: number;
  /** Generations that the policy dropped. */
  readonly dropped: readonly number[];
  readonly lines: readonly string[];
}

/** Makes a generation of what was built; `undefined` if none is wanted. */
export async function makeGeneration(
  images: string,
  { generation, keep, owner }: Wanted,
  context: Context,
): Promise<Result<BuiltGeneration | undefined>> {
  if (!generation) return ok(undefined);
  const added = await addFlat(images, true, owner, context);
  if (!added.ok) return added;
  const old = keep === undefined ? [] : oldOnes(images, keep);
  const before = await dropEntries(images, old, context);
  // What was built is there in any case.
  if (!before.ok) warnOfEntries(images, before.problem, context);
  const dropped = before.ok ? old : [];
  for (const number of dropped) dropGeneration(images, number);
  const followed = old.length === 0 ? await followEntries(images, context) : before.ok ? before.value : [];
  const lines = [
    addedLine(added.value),
    ...dropped.map((number) => `dropped generation ${number}: the newest ${keep} are kept`),
    ...followed,
  ];
  return ok({ number: added.value.number, dropped, lines });
}

function oldOnes(images: string, keep: number): number[] {
  const { all } = openGenerations(images, runningGeneration(images));
  return droppedBy(keep, all);
}
