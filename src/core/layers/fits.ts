/** Which layers the next boot leaves out because of what they were made on, as far as manifests show. */

import { judgeIdentities } from '../identity/mark.js';
import { type Fit, fitOf, type RecordState, type Records, stacked } from '../records/records.js';
import type { Problem } from '../result.js';
import { isSelected } from '../set/layer-names.js';
import { markedLayers, type StoredImage, type StoredImages } from '../set/stored.js';
import { replacedIn, replacedProblem } from './replaced.js';

/** Called for each layer of a folder in turn. */
const judged = new WeakMap<StoredImages, Chain>();

/** A chain of layers as the next boot applies it. */
interface Chain {
  readonly fits: ReadonlyMap<StoredImage, Fit>;
  /** The view on top of it. */
  readonly top: RecordState;
}

/** How each layer that will be applied fits what is below it then. */
function chainOf(stored: StoredImages): Chain {
  const known = judged.get(stored);
  if (known !== undefined) return known;
  const { base, layers, selection } = stored;
  const fits = new Map<StoredImage, Fit>();
  const identities = judgeIdentities(markedLayers(stored), stored.hardware);
  let state: RecordState = stacked({ files: {} }, base?.manifest?.records);
  const replaced = replacedIn(stored);
  for (const layer of layers) {
    const { name, file, disabled, problem, manifest } = layer;
    const by = replaced.get(layer);
    if (by !== undefined) {
      fits.set(layer, { problem: replacedProblem(file, by.name), warnings: [] });
      continue;
    }
    if (disabled || problem !== undefined) continue;
    if (selection !== undefined && !isSelected(selection, name)) continue;
    const refused = identities.get(name);
    if (refused !== undefined) {
      fits.set(layer, { problem: refused, warnings: [] });
      continue;
    }
    const records = manifest?.records;
    const fit = records === undefined ? { warnings: [] } : fitOf({ name, file, records }, state);
    const forced = selection?.forced.includes(name) === true;
    fits.set(layer, forced ? { warnings: [] } : fit);
    if (fit.problem === undefined || forced) state = stacked(state, records);
  }
  const chain = { fits, top: state };
  judged.set(stored, chain);
  return chain;
}

/** How a layer on top of all others would fit. */
export function fitOnTop(records: Records, stored: StoredImages): Fit {
  return fitOf({ name: 'NAME', file: '', records }, chainOf(stored).top);
}

/** Why the next boot leaves a layer out that is itself intact. */
export function leftOutProblem(layer: StoredImage, stored: StoredImages): Problem | undefined {
  return chainOf(stored).fits.get(layer)?.problem;
}

/** Warnings about how it fits. */
export function fitWarnings(layer: StoredImage, stored: StoredImages): readonly string[] {
  return chainOf(stored).fits.get(layer)?.warnings ?? [];
}
