/** Which layers to load: decided before any is. */
import type { LeftOut } from '../../core/boot/record.js';
import { MOST_LAYERS, PARAM } from '../../core/contract.js';
import { type Hardware, judgeIdentities } from '../../core/identity/mark.js';
import type { ImageInfo } from '../../core/image/image.js';
import { identityMark } from '../../core/image/manifest.js';
import { namesake, wrongKind } from '../../core/image/problems.js';
import { replacedAmong, replacedProblem } from '../../core/layers/replaced.js';
import { err, type Problem, type Result } from '../../core/result.js';
import { isSelected, unknownNames } from '../../core/set/layer-names.js';
import { quoteName } from '../../core/text/path.js';
import { hardwareOf } from '../hardware.js';
import type { GuestSystem } from '../system.js';
import { type LayerImage, readInfo } from './images.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import type { ChosenLayer } from './watch-records.js';

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
  const infos = new Map(
    found
      .filter(({ layer }) => isSelected(settings.layers, layer))
      .map((image) => [image, readLayer(machine, image)] as const),
  );
  const replaced = replacedBy(infos);
  for (const image of found) {
    const read = infos.get(image);
    if (read === undefined) {
      leftOut.push({ layer: image.layer, file: image.shown, bytes: image.bytes, asked: true });
      continue;
    }
    const by = replaced.get(image);
    if (by !== undefined) {
      leftOut.push(withProblem(image, replacedProblem(image.shown, by.layer)));
      continue;
    }
    const info = chosen.length < MOST_LAYERS ? read : err(tooMany(image));
    const other = chosen.find((one) => one.image.layer === image.layer);
    if (!info.ok) leftOut.push(withProblem(image, info.problem));
    else if (other !== undefined) leftOut.push(withProblem(image, namesake(image.shown, other.image.shown)));
    else chosen.push({ image, manifest: info.value.manifest, fileSystem: info.value.fileSystem });
  }
  const identities = judge(machine, settings, chosen);
  return {
    chosen: chosen.filter(({ image }) => !identities.has(image.layer)),
    leftOut: [
      ...leftOut,
      ...chosen.flatMap(({ image }) => {
        const problem = identities.get(image.layer);
        return problem === undefined ? [] : [withProblem(image, problem)];
      }),
    ],
    warnings: [...warnings, ...unchecked(chosen, identities)],
  };
}

/** Why identities are not applied, by the names of their layers. */
function judge(machine: GuestSystem, { layers }: Settings, chosen: readonly ChosenLayer[]) {
  const marked = chosen.flatMap(({ image, manifest }) => {
    const mark = identityMark(manifest);
    const forced = layers.forced.includes(image.layer);
    return mark === undefined ? [] : [{ name: image.layer, file: image.shown, mark, forced }];
  });
  return judgeIdentities(marked, marked.length === 0 ? undefined : tryHardware(machine));
}

/** Hardware whose id cannot be read counts as without one. */
function tryHardware(machine: GuestSystem): Hardware {
  try {
    return hardwareOf(machine);
  } catch (bug) {
    say(machine, `warning: cannot read the id of the hardware: ${(bug as Error).message}`);
    return {};
  }
}

/** A warning about an identity that may be that of other hardware, which has no id either. */
function unchecked(chosen: readonly ChosenLayer[], refused: ReadonlyMap<string, Problem>): string[] {
  return chosen.flatMap(({ image, manifest }) => {
    const mark = identityMark(manifest);
    if (mark?.bound !== 'machine' || mark.hardware !== undefined || refused.has(image.layer)) return [];
    return [
      `layer ${quoteName(image.layer)}: its identity may be that of another machine: the firmware of neither has an id of its own`,
    ];
  });
}

/** Those that were merged into another one, each with that. */
function replacedBy(infos: ReadonlyMap<LayerImage, Result<ImageInfo>>): ReadonlyMap<LayerImage, LayerImage> {
  const all = [...infos].flatMap(([image, info]) =>
    info.ok ? [{ image, manifest: info.value.manifest }] : [],
  );
  return new Map([...replacedAmong(all)].map(([one, by]) => [one.image, by.image]));
}

function readLayer(machine: GuestSystem, image: LayerImage): Result<ImageInfo> {
  if (image.odd !== undefined) {
    const next = 'remove or rename it';
    return err(wrongKind('layer', image.shown, image.odd, next));
  }
  const info = readInfo(machine, image);
  if (!info.ok || info.value.manifest === undefined || info.value.manifest.kind === 'layer') return info;
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

export function withProblem(image: LayerImage, problem: Problem): LeftOut {
  return { layer: image.layer, file: image.shown, bytes: image.bytes, asked: false, problem };
}
