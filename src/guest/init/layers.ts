/**
 * Phase "layers": the persistence layers beside the base, each into a folder of its own, whole or not at all.
 */
import type { LeftOut, LoadedImage } from '../../core/boot/record.js';
import { PARAM } from '../../core/contract.js';
import { identityMark, type LayerManifest, type Manifest, shortId } from '../../core/image/manifest.js';
import { isOfSeveralBases, OF_SEVERAL_BASES, UNRECORDED } from '../../core/layers/warnings.js';
import type { Fit } from '../../core/records/records.js';
import { err, ok, type Result, renderProblem } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import { formatBytes } from '../../core/text/size.js';
import { toHundredths } from '../../core/text/time.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { fitsBatch, loadBatch, type SmallLayer } from './batch.js';
import { bugProblem } from './bug.js';
import { withProblem } from './choose-layers.js';
import type { AppliedOnto } from './compose.js';
import { LAYERS } from './folders.js';
import { holdLayer, type LoadedLayer, sayLoaded } from './hold-layer.js';
import type { LayerImage } from './images.js';
import { loadedImage } from './load.js';
import { loadImage } from './load-image.js';
import { keptWarning, metadataOf, noMetadata, strangersBelow, withoutMetadata } from './metadata.js';
import { checkLeft, checkRoom, needOf, needOfImage } from './ram.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import { hasMetacopy, withChain } from './stack.js';
import type { Undo } from './undo.js';
import { type AppliedLayer, type ChosenLayer, watchRecords } from './watch-records.js';

/** The result: applied layers, the lowest first, and those left out. */
export interface LoadedLayers {
  readonly images: readonly LoadedImage[];
  readonly leftOut: readonly LeftOut[];
  /** The applied ones as they were chosen, in the order of `images`. */
  readonly applied: readonly AppliedOnto[];
}

/** What the layers are loaded onto. */
export interface LoadedBase {
  readonly image: LoadedImage;
  readonly manifest: Manifest | undefined;
}

/**
 * Loads the chosen layers: small archives together, others each by itself. One that fails, or does not fit
 * what is below it, leaves nothing behind, and the boot continues without it.
 */
export function loadLayers(
  machine: GuestSystem,
  settings: Settings,
  base: LoadedBase,
  chosen: readonly ChosenLayer[],
  undo: Undo,
): LoadedLayers {
  mustMakeFolder(machine, LAYERS);
  const loading = new Loading(machine, settings, base, chosen, undo);
  let batch: SmallLayer[] = [];
  for (const layer of chosen) {
    const { image, manifest, fileSystem } = layer;
    const small = manifest === undefined || fileSystem !== undefined ? undefined : { image, manifest };
    if (small === undefined || !fitsBatch(batch, small)) {
      loading.addTogether(batch);
      batch = [];
    }
    if (small !== undefined && fitsBatch(batch, small)) batch.push(small);
    else loading.add(layer);
  }
  loading.addTogether(batch);
  return loading;
}

/** Number of layers of a batch from which on they are not reported one by one. */
const MANY = 8;

/** The layers so far. */
class Loading implements LoadedLayers {
  readonly images: LoadedImage[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly applied: AppliedOnto[] = [];
  /** Whether each was made on exactly what is below it. */
  private known = true;
  private readonly records: ReturnType<typeof watchRecords>;
  /** Bytes of images that are file systems, beside the RAM file system. */
  private beside: number;

  constructor(
    private readonly machine: GuestSystem,
    private readonly settings: Settings,
    private readonly base: LoadedBase,
    chosen: readonly ChosenLayer[],
    private readonly undo: Undo,
  ) {
    this.records = watchRecords(machine, settings, base.manifest, chosen);
    this.beside = base.image.format === 'erofs' ? base.image.unpackedBytes : 0;
  }

  /** Loads a layer by itself. */
  add(layer: ChosenLayer): void {
    const { machine, settings, beside, images, undo } = this;
    const { image } = layer;
    const planned = this.plan(layer);
    if (!planned.ok) {
      this.leftOut.push(withProblem(image, planned.problem));
      return;
    }
    const { onKnown, warnings } = planned.value;
    const loaded = tryLayer(machine, settings, layer, { beside, onKnown, images, undo }, warnings);
    if (loaded.ok) {
      const { image: made, opaque } = loaded.value;
      this.apply({ ...layer, opaque }, made, onKnown);
      if (made.format !== undefined) this.beside += made.unpackedBytes;
    } else {
      // What is left of a file system is its mount point: nothing is ever removed across a mount.
      if (layer.fileSystem === undefined) must(machine, ['rm', '-rf', folderOf(image)]);
      else machine.run(['rmdir', folderOf(image)]);
      this.leftOut.push(withProblem(image, loaded.problem));
    }
  }

  /** Loads layers together; if that fails, in halves, and one by itself. */
  addTogether(layers: readonly SmallLayer[]): void {
    if (layers.length === 0 || this.tryTogether(layers)) return;
    if (layers.length === 1) {
      this.add(layers[0] as SmallLayer);
      return;
    }
    const half = Math.ceil(layers.length / 2);
    this.addTogether(layers.slice(0, half));
    this.addTogether(layers.slice(half));
  }

  private tryTogether(layers: readonly SmallLayer[]): boolean {
    const { machine, settings, images, leftOut, known } = this;
    const before = [images.length, leftOut.length] as const;
    const records = this.records.state();
    const start = machine.uptime();
    const undo = (): false => {
      images.length = before[0];
      this.applied.length = before[0];
      leftOut.length = before[1];
      this.records.restore(records);
      this.known = known;
      return false;
    };
    const applied: SmallLayer[] = [];
    for (const layer of layers) {
      const { image, manifest } = layer;
      const planned = this.plan(layer);
      if (!planned.ok) {
        leftOut.push(withProblem(image, planned.problem));
        continue;
      }
      const { onKnown, warnings } = planned.value;
      // Which of its metadata applies elsewhere shows once what is below it is loaded.
      const needsBelow = metadataOf(manifest).length > 0 && !(onKnown && hasMetacopy(machine));
      if (needsBelow) return undo();
      const bytes = manifest.unpackedBytes;
      this.apply(layer, loadedImage('layer', image, manifest, { bytes, warnings }, 0), onKnown);
      applied.push(layer);
    }
    if (applied.length === 0) return true;
    const need = {
      bytes: applied.reduce((sum, { manifest }) => sum + needOf(manifest).bytes, 0),
      names: applied.reduce((sum, { manifest }) => sum + needOf(manifest).names, 0),
    };
    const room = checkRoom(machine, settings, need, 'the layers', this.beside);
    if (!room.ok || !tryBatch(machine, applied)) {
      must(machine, ['rm', '-rf', ...applied.map(({ image }) => folderOf(image))]);
      return undo();
    }
    const loaded = images.splice(before[0]);
    const seconds = (machine.uptime() - start) / loaded.length;
    images.push(...loaded.map((image) => ({ ...image, seconds: toHundredths(seconds) })));
    this.report(loaded, seconds);
    return true;
  }

  /** Whether a layer fits what is below it, and with which warnings. */
  private plan(layer: ChosenLayer): Result<{ readonly onKnown: boolean; readonly warnings: string[] }> {
    const { base, images } = this;
    const { problem, warnings } = tryFit(this.records, layer);
    if (problem !== undefined) return err(problem);
    const top = images.findLast(({ identity }) => identity === undefined);
    const onKnown = isFree(layer.manifest) || (this.known && isMadeOn(layer.manifest, base.image, top));
    return ok({ onKnown, warnings: [...warningsOf(layer.manifest, base.image, images), ...warnings] });
  }

  private apply(layer: AppliedLayer, loaded: LoadedImage, onKnown: boolean): void {
    const mark = identityMark(layer.manifest);
    const identity = mark === undefined ? {} : { identity: mark.bound };
    this.images.push({ ...loaded, ...identity, layer: layer.image.layer });
    this.applied.push({ ...layer, onKnown });
    this.records.add(layer);
    if (mark === undefined) this.known = onKnown;
  }

  private report(loaded: readonly LoadedImage[], seconds: number): void {
    const { machine } = this;
    const many = loaded.length > MANY;
    if (many) {
      const [first, last] = [loaded[0], loaded.at(-1)].map((image) => quoteName(image?.layer ?? ''));
      const bytes = loaded.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
      const time = `${formatBytes(bytes)} in ${(seconds * loaded.length).toFixed(1)} s`;
      say(machine, `${loaded.length} layers, ${first} to ${last}: ${time}`);
    }
    for (const { layer = '', unpackedBytes, warnings = [] } of loaded) {
      const name = `layer ${quoteName(layer)}`;
      if (!many) say(machine, `${name}: ${formatBytes(unpackedBytes)} in ${seconds.toFixed(1)} s`);
      for (const warning of warnings)
        say(machine, many ? `  warning: ${name}: ${warning}` : `  warning: ${warning}`);
    }
  }
}

/** The folder of a layer. */
function folderOf(image: LayerImage): string {
  return `${LAYERS}/${image.layer}`;
}

// Even a bug costs only this layer, not the machine.

function tryFit(records: ReturnType<typeof watchRecords>, layer: ChosenLayer): Fit {
  try {
    return records.fit(layer);
  } catch (bug) {
    return { problem: bugProblem(bug), warnings: [] };
  }
}

function tryBatch(machine: GuestSystem, layers: readonly SmallLayer[]): boolean {
  try {
    return loadBatch(machine, layers);
  } catch {
    return false;
  }
}

function tryLayer(...layer: Parameters<typeof loadLayer>): Result<LoadedLayer> {
  try {
    return loadLayer(...layer);
  } catch (bug) {
    return err(bugProblem(bug));
  }
}

function loadLayer(
  machine: GuestSystem,
  settings: Settings,
  layer: ChosenLayer,
  below: Below,
  warnings: readonly string[],
): Result<LoadedLayer> {
  const start = machine.uptime();
  const { image, manifest: whole } = layer;
  const need = needOfImage(layer);
  if (need !== undefined) {
    const room = checkRoom(machine, settings, need, 'the layer', below.beside);
    if (!room.ok) return room;
  }
  if (layer.fileSystem !== undefined) return holdLayer(machine, layer, folderOf(image), warnings, below.undo);
  const fitting =
    whole === undefined ? ok({ manifest: undefined, kept: [] }) : fitMetadata(machine, image, whole, below);
  if (!fitting.ok) return fitting;
  const { manifest, kept } = fitting.value;
  const unpacked = loadImage(machine, image, manifest, folderOf(image));
  if (!unpacked.ok) return unpacked;
  if (manifest === undefined) {
    const left = checkLeft(machine, settings, 'the layer');
    if (!left.ok) return left;
  }
  const { bytes } = unpacked.value;
  const all = [...warnings, ...kept, ...unpacked.value.warnings];
  const seconds = machine.uptime() - start;
  sayLoaded(machine, image, { bytes, warnings: all }, seconds, manifest !== undefined);
  return ok({ image: loadedImage('layer', image, manifest, { bytes, warnings: all }, seconds) });
}

/** What a layer is loaded onto. */
interface Below {
  /** Bytes of file systems that are beside the RAM file system. */
  readonly beside: number;
  readonly undo: Undo;
  /** Whether the layer was made on exactly that. */
  readonly onKnown: boolean;
  /** The layers, the lowest first. */
  readonly images: readonly LoadedImage[];
}

/**
 * Whether what is below a layer does not matter to it: that of an identity all of whose files are root's.
 */
function isFree(manifest: Manifest | undefined): boolean {
  if (identityMark(manifest) === undefined) return false;
  const { users = {}, groups = {} } = manifest?.records?.owners ?? {};
  return Object.keys(users).length + Object.keys(groups).length === 0;
}

/** Whether a layer was made directly on the layer `top`, or on the base. */
function isMadeOn(manifest: Manifest | undefined, base: LoadedImage, top: LoadedImage | undefined): boolean {
  if (manifest?.kind !== 'layer' || base.id === undefined) return false;
  const { layer } = manifest;
  if (layer.base !== base.id) return false;
  return top === undefined ? layer.after === undefined : isOneOf(top, layer.after);
}

/** Whether that is an id of the image, or of the highest of the layers that were merged into it. */
function isOneOf({ id, highest = [] }: LoadedImage, wanted: string | undefined): boolean {
  return wanted !== undefined && (wanted === id || highest.includes(wanted));
}

/**
 * The manifest with the metadata that applies to files below. On what the layer was made on, all of it does;
 * elsewhere only to files with the same content, and there is a warning about the others.
 */
function fitMetadata(
  machine: GuestSystem,
  image: LayerImage,
  manifest: Manifest,
  { onKnown, images }: Below,
): Result<{ readonly manifest: Manifest; readonly kept: readonly string[] }> {
  const files = metadataOf(manifest);
  if (files.length === 0) return ok({ manifest, kept: [] });
  if (!hasMetacopy(machine)) return err(noMetadata(image));
  if (onKnown) return ok({ manifest, kept: [] });
  const layers = images.map(({ layer }) => layer as string);
  const strangers = withChain(machine, layers, (below) => strangersBelow(machine, files, below));
  if (strangers.size === 0) return ok({ manifest, kept: [] });
  return ok({ manifest: withoutMetadata(manifest, strangers), kept: [keptWarning(strangers)] });
}

/** Warnings about a layer that is applied anyway. `below` are those applied so far. */
function warningsOf(
  manifest: Manifest | undefined,
  base: LoadedImage,
  below: readonly LoadedImage[],
): string[] {
  if (manifest?.kind !== 'layer' || manifest.layer.identity !== undefined) return [];
  const { layer }: LayerManifest = manifest;
  const warnings: string[] = [];
  if (layer.base !== base.id) {
    const why = manifest.records === undefined ? `; ${UNRECORDED}` : '';
    warnings.push(
      isOfSeveralBases(layer)
        ? OF_SEVERAL_BASES
        : `made on another base (${short(layer.base)}) than this one (${short(base.id)})${why}`,
    );
  }
  const { after } = layer;
  if (after !== undefined && !below.some((one) => isOneOf(one, after))) {
    warnings.push(`made on top of a layer that is not applied (${short(after)})`);
  }
  return warnings;
}

/** The short form of an id. */
function short(id: string | undefined): string {
  return id === undefined ? 'one without a manifest' : shortId(id);
}

/** Prints which layers were left out, and why. */
export function sayLeftOut(machine: GuestSystem, leftOut: readonly LeftOut[]): void {
  for (const { layer, asked, problem } of leftOut) {
    if (asked) say(machine, `layer ${quoteName(layer)} left out, as ${PARAM.layers} requests`);
    if (problem === undefined) continue;
    say(machine, `layer ${quoteName(layer)} LEFT OUT, nothing of it is applied:`);
    for (const line of renderProblem(problem)) say(machine, `  ${line}`);
  }
}
