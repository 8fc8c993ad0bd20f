/** `mkma layers disable`, `enable` and `drop`: which change to make, or why not. Pure. */
import { MOST_LAYERS } from '../contract.js';
import { namesake } from '../image/problems.js';
import { err, ok, type Problem, type Result } from '../result.js';
import { disabledFileName, enabledFileName } from '../set/layer-names.js';
import { entriesOf, inOrder, layerFacts, type StoredImage, type StoredImages } from '../set/stored.js';
import { quoteName } from '../text/path.js';
import { findLayer } from './name.js';
import { chosenLayers } from './next-boot.js';
import { replacedIn } from './replaced.js';
import { count } from './show.js';
import { followersOf, newWarnings } from './warnings.js';

export type Action = 'disable' | 'enable' | 'drop';

/** A planned change, which is also its report. */
export interface LayerChange {
  readonly action: Action | 'rename';
  readonly layer: string;
  readonly file: string;
  /** The file's new name; absent if it is removed. */
  readonly becomes?: string;
  /** Warnings about other layers that the change causes. */
  readonly warnings: readonly string[];
}

export interface ChangeOptions {
  /** Drop a layer even if another depends on it. */
  readonly force?: boolean;
}

/** Plans a change to the layer of this name. */
export function planChange(
  action: Action,
  stored: StoredImages,
  text: string,
  options: ChangeOptions = {},
): Result<LayerChange> {
  const found = findLayer(stored, text, action === 'enable');
  if (!found.ok) return found;
  const layer = found.value;
  const left = [...replacedIn(stored)].find(([, by]) => by === layer)?.[0];
  if (left !== undefined) return err(notRemoved(layer, left));
  if (action === 'drop') return planDrop(stored, layer, options.force === true);
  if (layer.disabled === (action === 'disable')) {
    const what = `the layer is already ${action}d`;
    return err({
      code: 'layer-unchanged',
      what,
      where: layer.file,
      next: 'mkma layers list shows all layers',
    });
  }
  const enabled = chosenLayers(stored).length;
  if (action === 'enable' && enabled >= MOST_LAYERS) return err({ ...tooMany(enabled), where: layer.file });
  const becomes = (action === 'disable' ? disabledFileName : enabledFileName)(layer.file);
  if (stored.layers.some(({ file }) => file === becomes)) return err(taken(action, layer, becomes));
  const other = stored.layers.find(({ name, disabled }) => name === layer.name && !disabled);
  if (action === 'enable' && other !== undefined) return err(namesake(layer.file, other.file));
  const changed = { ...layer, file: becomes, disabled: action === 'disable' };
  return ok({
    ...{ action, layer: layer.name, file: layer.file, becomes },
    warnings: newWarnings(stored, withInstead(stored, layer, [changed])),
  });
}

/** Of a merged layer beside some of those that it was made of, which would be applied again. */
function notRemoved({ file }: StoredImage, left: StoredImage): Problem {
  return {
    code: 'layer-merged',
    what: 'layers that were merged into this one are still there',
    where: file,
    why: `boots would apply ${quoteName(left.name)} again, and not all of what it was merged with`,
    next: 'remove them first: mkma layers merge',
  };
}

/** The problem of more layers than an overlay supports. */
export function tooMany(there: number): Problem {
  return {
    code: 'too-many-layers',
    what: 'too many layers',
    why: `${there} are applied, and an overlay supports at most ${MOST_LAYERS}: boots would leave out the last`,
    next: 'make one of several: mkma layers merge; or drop or disable some: mkma layers drop NAME, mkma layers disable NAME',
  };
}

function taken(action: Action, layer: StoredImage, becomes: string): Problem {
  return {
    code: 'layer-file-exists',
    what: `cannot ${action} the layer`,
    where: layer.file,
    why: `${quoteName(becomes)} exists, and no file is overwritten`,
    next: `drop one of the two: mkma layers drop ${quoteName(becomes)}, or mkma layers drop ${quoteName(layer.file)}`,
  };
}

function planDrop(stored: StoredImages, layer: StoredImage, force: boolean): Result<LayerChange> {
  const { name, file } = layer;
  const followers = followersOf(layer, stored);
  if (followers.length > 0 && !force) {
    const names = followers.map((one) => quoteName(one.name)).join(', ');
    return err({
      code: 'layer-needed',
      what: 'another layer was made after this one',
      where: file,
      why: `${names} depends on it: ${held(layer)} below it would be missing`,
      next:
        `leave it out without losing it: mkma layers disable ${quoteName(name)}\n` +
        `or drop it anyway: mkma layers drop ${quoteName(name)} --force`,
    });
  }
  const warnings = newWarnings(stored, withInstead(stored, layer, []));
  return ok({ action: 'drop', layer: name, file, warnings });
}

function held(layer: StoredImage): string {
  const { deletions = [] } = layerFacts(layer) ?? {};
  const parts = [count(entriesOf(layer) ?? 0, 'entry', 'entries'), count(deletions.length, 'deletion')];
  return parts.filter((part) => !part.startsWith('0 ')).join(' and ');
}

/** The layers with others in place of one. */
export function withInstead(
  stored: StoredImages,
  layer: StoredImage,
  instead: readonly StoredImage[],
): StoredImages {
  return { ...stored, layers: inOrder([...stored.layers.filter((one) => one !== layer), ...instead]) };
}

/** For people: what was done. */
export function changeLines({ action, layer, file, becomes, warnings }: LayerChange): string[] {
  const name = quoteName(layer);
  const done = {
    disable: `disabled ${name} (renamed to ${quoteName(becomes ?? '')}); boots leave it out until it is enabled`,
    enable: `enabled ${name} (renamed to ${quoteName(becomes ?? '')}); the next boot applies it`,
    drop: `dropped ${name} (removed ${quoteName(file)})`,
    rename: `renamed ${name} to ${quoteName(becomes ?? '')}`,
  }[action];
  return [done, ...warnings.map((warning) => `warning: ${warning}`)];
}
