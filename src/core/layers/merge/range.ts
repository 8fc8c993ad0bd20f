/** Which layers to merge. Pure. */
import type { LayerManifest } from '../../image/manifest.js';
import { err, ok, type Problem, type Result, usage } from '../../result.js';
import { ALL_LAYERS, isSelected } from '../../set/layer-names.js';
import type { StoredImage, StoredImages } from '../../set/stored.js';
import { quoteName } from '../../text/path.js';
import { leftOutProblem } from '../fits.js';
import { isIdentity } from '../identity.js';
import { findLayer } from '../name.js';
import { replacedIn } from '../replaced.js';

/** A layer that can be merged. */
export interface LayerToMerge extends StoredImage {
  readonly manifest: LayerManifest & { readonly records: NonNullable<LayerManifest['records']> };
}

/** The layers to merge, the lowest first, and what else is worth a line. */
export interface MergeRange {
  readonly layers: readonly LayerToMerge[];
  readonly notes: readonly string[];
}

/**
 * The layers of a range `FROM..TO`, of a list of names, or, of no names, the longest run of neighbours that
 * the next boot applies. Fewer than two if there is nothing to merge.
 */
export function layersToMerge(stored: StoredImages, words: readonly string[]): Result<MergeRange> {
  const byName = stored.selection ?? ALL_LAYERS;
  if (!byName.others) return err(namedInBoot());
  const all = withoutReplaced(stored);
  if (words.length === 0) return ok(longestRun(stored, all));
  const ends = rangeEnds(stored, words, all);
  if (!ends.ok) return ends;
  const { from, to, named } = ends.value;
  const range = all.slice(from, to + 1);
  const between = words.length > 1 ? range.find((layer) => !named.includes(layer)) : undefined;
  if (between !== undefined) return err(notNeighbours(between));
  const layers: LayerToMerge[] = [];
  for (const layer of range) {
    const why = whyNot(layer, stored);
    if (why !== undefined) return err(cannotMerge(layer, why));
    layers.push(layer as LayerToMerge);
  }
  if (layers.length > 1) return ok({ layers, notes: [] });
  return usage({
    code: 'merge-needs-two',
    what: 'merging takes at least two layers',
    where: quoteName(words.join(' ')),
    next: `name a range, such as ${quoteName(layers[0]?.name ?? 'FROM')}.. for this layer and all above it`,
  });
}

/** Layers as sources to read from, whatever a boot does with them. */
export function layersToRead(layers: readonly StoredImage[]): Result<LayerToMerge[]> {
  const bad = layers.find(({ manifest }) => manifest?.kind !== 'layer' || manifest.records === undefined);
  if (bad === undefined) return ok(layers as LayerToMerge[]);
  return err(cannotMerge(bad, { why: 'it has no manifest with records of accounts and packages' }));
}

function withoutReplaced(stored: StoredImages): StoredImage[] {
  const replaced = replacedIn(stored);
  return stored.layers.filter((layer) => !replaced.has(layer));
}

function longestRun(stored: StoredImages, all: readonly StoredImage[]): MergeRange {
  let best: StoredImage[] = [];
  let run: StoredImage[] = [];
  const notes: string[] = [];
  for (const layer of all) {
    const why = whyNot(layer, stored);
    if (why === undefined) run.push(layer);
    else {
      notes.push(`${quoteName(layer.name)} stays as it is: ${why.why}`);
      run = [];
    }
    if (run.length >= best.length) best = [...run];
  }
  const layers = best as LayerToMerge[];
  const applied = all.filter((layer) => whyNot(layer, stored) === undefined).length;
  if (applied > layers.length && layers.length > 1) {
    notes.push(
      `merged are the longest run of neighbours, ${quoteName(layers[0]?.name ?? '')} to ${quoteName(layers.at(-1)?.name ?? '')}`,
    );
  }
  return { layers, notes };
}

/** Why a layer cannot be merged, and what to do about it. */
function whyNot(
  layer: StoredImage,
  stored: StoredImages,
): (Pick<Problem, 'next'> & { why: string }) | undefined {
  const { name, disabled, problem, manifest } = layer;
  const shown = quoteName(name);
  const drop = `drop it (mkma layers drop ${shown}), or merge those below and above it by themselves`;
  if (disabled) return { why: 'it is disabled', next: `mkma layers enable ${shown}, or ${drop}` };
  if (problem !== undefined) return { why: problem.what, next: drop };
  const { selection = ALL_LAYERS } = stored;
  if (!isSelected(selection, name)) {
    return { why: 'mkma_layers= of this boot leaves it out', next: `boot with it, or ${drop}` };
  }
  if (selection.forced.includes(name)) {
    return { why: 'mkma_layers= of this boot forces it', next: `boot without that, or ${drop}` };
  }
  const out = leftOutProblem(layer, stored);
  if (out !== undefined) return { why: `the next boot leaves it out: ${out.what}`, next: drop };
  if (isIdentity(layer)) return { why: 'it says who this machine is, and is replaced by itself', next: drop };
  if (manifest?.kind !== 'layer') return { why: 'it has no manifest', next: drop };
  if (manifest.records === undefined) {
    return { why: 'an older mkma made it, without records of accounts and packages', next: drop };
  }
  return undefined;
}

function cannotMerge(layer: StoredImage, { why, next }: Pick<Problem, 'next'> & { why: string }): Problem {
  return {
    code: 'layer-not-mergeable',
    what: 'the layer cannot be merged with others',
    where: layer.file,
    why,
    ...(next === undefined ? {} : { next }),
  };
}

function namedInBoot(): Problem {
  return {
    code: 'layer-not-mergeable',
    what: 'layers that are named in mkma_layers= cannot be merged',
    where: 'mkma_layers=',
    why: 'this boot lists the layers to apply, and a merged one is not among them',
    next: 'boot with mkma_layers=all, or without the parameter',
  };
}

function notNeighbours(between: StoredImage): Problem {
  return {
    code: 'layer-not-mergeable',
    what: 'only neighbours can be merged',
    where: between.file,
    why: `${quoteName(between.name)} lies between the layers that are named`,
    next: 'name it as well, or a range: FROM..TO',
  };
}

/** Places among `all`, and the layers that were named. */
interface Ends {
  readonly from: number;
  readonly to: number;
  readonly named: readonly StoredImage[];
}

function rangeEnds(
  stored: StoredImages,
  words: readonly string[],
  all: readonly StoredImage[],
): Result<Ends> {
  const [text = ''] = words;
  const isName = stored.layers.some(({ name, file }) => name === text || file === text);
  const at = words.length > 1 || isName ? -1 : text.indexOf('..');
  if (at < 0) {
    const named = findAll(stored, words);
    if (!named.ok) return named;
    const places = named.value.map((layer) => all.indexOf(layer));
    return ok({ from: Math.min(...places), to: Math.max(...places), named: named.value });
  }
  const [first, last] = [text.slice(0, at), text.slice(at + 2)];
  const named = findAll(
    stored,
    [first, last].filter((name) => name !== ''),
  );
  if (!named.ok) return named;
  const places = named.value.map((layer) => all.indexOf(layer));
  const from = first === '' ? 0 : (places[0] as number);
  const to = last === '' ? all.length - 1 : (places.at(-1) as number);
  if (from <= to) return ok({ from, to, named: named.value });
  return usage({
    code: 'merge-range-reversed',
    what: 'the range begins above its end',
    where: quoteName(text),
    next: `name the lower layer first: ${quoteName(`${last}..${first}`)}`,
  });
}

function findAll(stored: StoredImages, names: readonly string[]): Result<StoredImage[]> {
  const found: StoredImage[] = [];
  for (const name of names) {
    const layer = findLayer(stored, name);
    if (!layer.ok) return layer;
    found.push(layer.value);
  }
  return ok(found);
}
