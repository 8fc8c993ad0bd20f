/**
 * Phase "layers": the persistence layers beside the base, each into a folder of its own, whole or not at all.
 */
import type { LeftOut, LoadedImage } from '../../core/boot/record.js';
import { MOST_LAYERS, PARAM } from '../../core/contract.js';
import { type LayerManifest, type Manifest, shortId } from '../../core/image/manifest.js';
import { wrongKind } from '../../core/image/problems.js';
import { UNRECORDED } from '../../core/layers/warnings.js';
import type { Fit } from '../../core/records/records.js';
import { err, ok, type Problem, type Result, renderProblem } from '../../core/result.js';
import { isSelected, unknownNames } from '../../core/set/layer-names.js';
import { quoteName } from '../../core/text/path.js';
import { formatBytes } from '../../core/text/size.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { bugProblem } from './bug.js';
import { LAYERS } from './folders.js';
import { type LayerImage, readManifest } from './images.js';
import { loadedImage } from './load.js';
import { loadImage } from './load-image.js';
import { keptWarning, metadataOf, noMetadata, strangersBelow, withoutMetadata } from './metadata.js';
import { checkLeft, checkRoom, needOf } from './ram.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import { hasMetacopy, withChain } from './stack.js';
import { type ChosenLayer, watchRecords } from './watch-records.js';

/** What to load, decided before anything is loaded. */
export interface LayerChoice {
  readonly chosen: readonly ChosenLayer[];
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
}

/**
 * Chooses among the layers beside the base: those that `mkma_layers` selects and whose manifest can be read.
 */
export function chooseLayers(
  machine: GuestSystem,
  settings: Settings,
  found: readonly LayerImage[],
): LayerChoice {
  const names = found.map(({ layer }) => layer);
  const unknown = unknownNames(settings.layers, names);
  const there =
    found.length === 0 ? 'there are no layers' : `the layers are ${names.map(quoteName).join(', ')}`;
  const warnings = unknown.map(
    (name) => `${PARAM.layers} names ${quoteName(name)}, but no layer has this name; ${there}`,
  );
  const chosen: ChosenLayer[] = [];
  const leftOut: LeftOut[] = [];
  for (const image of found) {
    if (!isSelected(settings.layers, image.layer)) {
      leftOut.push({ layer: image.layer, file: image.shown, bytes: image.bytes, asked: true });
      continue;
    }
    const manifest = chosen.length < MOST_LAYERS ? readLayer(machine, image) : err(tooMany(image));
    if (manifest.ok) chosen.push({ image, manifest: manifest.value });
    else leftOut.push(withProblem(image, manifest.problem));
  }
  return { chosen, leftOut, warnings };
}

function readLayer(machine: GuestSystem, image: LayerImage): Result<Manifest | undefined> {
  if (image.odd !== undefined) {
    const next = 'remove or rename it';
    return err(wrongKind('layer', image.shown, image.odd, next));
  }
  const manifest = readManifest(machine, image);
  if (!manifest.ok || manifest.value === undefined || manifest.value.kind === 'layer') return manifest;
  const next = 'remove it, or rename it to what it is';
  return err(wrongKind('layer', image.shown, 'its manifest says it is a base', next));
}

function tooMany(image: LayerImage): Problem {
  return {
    code: 'too-many-layers',
    what: 'too many layers',
    where: image.shown,
    why: `an overlay supports at most ${MOST_LAYERS} beside the base`,
    next: 'drop or disable some on the machine: mkma layers drop NAME, mkma layers disable NAME',
  };
}

function withProblem(image: LayerImage, problem: Problem): LeftOut {
  return { layer: image.layer, file: image.shown, bytes: image.bytes, asked: false, problem };
}

/** The result: applied layers, the lowest first, and those left out. */
export interface LoadedLayers {
  readonly images: readonly LoadedImage[];
  readonly leftOut: readonly LeftOut[];
}

/** What the layers are loaded onto. */
export interface LoadedBase {
  readonly image: LoadedImage;
  readonly manifest: Manifest | undefined;
}

/**
 * Loads the chosen layers. One that fails, or does not fit what is below it, leaves nothing behind, and the
 * boot continues without it.
 */
export function loadLayers(
  machine: GuestSystem,
  settings: Settings,
  base: LoadedBase,
  chosen: readonly ChosenLayer[],
): LoadedLayers {
  const images: LoadedImage[] = [];
  const leftOut: LeftOut[] = [];
  // A base that is a file system is beside the RAM file system.
  const beside = base.image.format === 'erofs' ? base.image.unpackedBytes : 0;
  mustMakeFolder(machine, LAYERS);
  const records = watchRecords(machine, settings, base.manifest, chosen);
  // Whether each was made on exactly what is below it.
  let known = true;
  for (const layer of chosen) {
    const { image } = layer;
    const { problem, warnings } = tryFit(records, layer);
    if (problem !== undefined) {
      leftOut.push(withProblem(image, problem));
      continue;
    }
    const onKnown: boolean = known && isMadeOn(layer.manifest, base.image, images.at(-1));
    const all = [...warningsOf(layer.manifest, base.image, images), ...warnings];
    const loaded = tryLayer(machine, settings, layer, { beside, onKnown, images }, all);
    if (loaded.ok) {
      images.push({ ...loaded.value, layer: image.layer });
      records.add(layer);
      known = onKnown;
      continue;
    }
    must(machine, ['rm', '-rf', folderOf(image)]);
    leftOut.push(withProblem(image, loaded.problem));
  }
  return { images, leftOut };
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

function tryLayer(...layer: Parameters<typeof loadLayer>): Result<LoadedImage> {
  try {
    return loadLayer(...layer);
  } catch (bug) {
    return err(bugProblem(bug));
  }
}

function loadLayer(
  machine: GuestSystem,
  settings: Settings,
  { image, manifest: whole }: ChosenLayer,
  below: Below,
  warnings: readonly string[],
): Result<LoadedImage> {
  const start = machine.uptime();
  if (whole !== undefined) {
    const room = checkRoom(machine, settings, needOf(whole), 'the layer', below.beside);
    if (!room.ok) return room;
  }
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
  const unverified = manifest === undefined ? ', unverified: it has no manifest' : '';
  say(
    machine,
    `layer ${quoteName(image.layer)}: ${formatBytes(bytes)} in ${seconds.toFixed(1)} s${unverified}`,
  );
  for (const warning of all) say(machine, `  warning: ${warning}`);
  return ok(loadedImage('layer', image, manifest, { bytes, warnings: all }, seconds));
}

/** What a layer is loaded onto. */
interface Below {
  /** Bytes of a base that is beside the RAM file system. */
  readonly beside: number;
  /** Whether the layer was made on exactly that. */
  readonly onKnown: boolean;
  /** The layers, the lowest first. */
  readonly images: readonly LoadedImage[];
}

/** Whether a layer was made directly on the layer `top`, or on the base. */
function isMadeOn(manifest: Manifest | undefined, base: LoadedImage, top: LoadedImage | undefined): boolean {
  if (manifest?.kind !== 'layer' || base.id === undefined) return false;
  const { layer } = manifest;
  return layer.base === base.id && layer.after === top?.id && (top === undefined || top.id !== undefined);
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
  if (manifest?.kind !== 'layer') return [];
  const { layer }: LayerManifest = manifest;
  const warnings: string[] = [];
  if (layer.base !== base.id) {
    const why = manifest.records === undefined ? `; ${UNRECORDED}` : '';
    warnings.push(`made on another base (${short(layer.base)}) than this one (${short(base.id)})${why}`);
  }
  const { after } = layer;
  if (after !== undefined && !below.some(({ id }) => id === after)) {
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
