/** `mkma layers rename`: a new label for a layer, which stays where it is in the order. Pure. */
import { err, ok, type Problem, type Result, usage } from '../result.js';
import { disabledFileName, isLayerLabel, layerFileName } from '../set/layer-names.js';
import type { StoredImage, StoredImages } from '../set/stored.js';
import { quoteName } from '../text/path.js';
import { type LayerChange, withInstead } from './change.js';
import { findLayer } from './name.js';
import { newWarnings } from './warnings.js';

/** Plans it. An empty label leaves the time alone. */
export function planRename(stored: StoredImages, text: string, label: string): Result<LayerChange> {
  if (label !== '' && !isLayerLabel(label)) return invalidLabel(label);
  const found = findLayer(stored, text);
  if (!found.ok) return found;
  const layer = found.value;
  const stamp = /^\d{8}_\d{6}(?=_|$)/.exec(layer.name)?.[0];
  if (stamp === undefined && label === '') return invalidLabel(label);
  const name = [...(stamp === undefined ? [] : [stamp]), ...(label === '' ? [] : [label])].join('_');
  const file = layerFileName(name, layer.file.includes('.erofs') ? 'erofs' : 'cpio');
  const becomes = layer.disabled ? disabledFileName(file) : file;
  if (becomes === layer.file) {
    const next = 'mkma layers list shows all layers';
    return err({ code: 'layer-unchanged', what: 'the layer has this label', where: layer.file, next });
  }
  const others = stored.layers.filter((one) => one !== layer);
  const namesake = others.find((one) => one.file === becomes || one.name === name);
  if (namesake !== undefined) return err(otherOrder(layer, becomes, `${quoteName(namesake.file)} exists`));
  const after = withInstead(stored, layer, [{ ...layer, name, file: becomes }]);
  const at = (all: StoredImages, wanted: string): number =>
    all.layers.findIndex((one) => one.file === wanted);
  if (at(stored, layer.file) !== at(after, becomes)) {
    return err(otherOrder(layer, becomes, 'layers are applied in the order of their names'));
  }
  const warnings = [
    ...newWarnings(stored, after).map((warning) => warning.replaceAll(layer.name, name)),
    ...namedInBoot(stored, layer.name),
  ];
  return ok({ action: 'rename', layer: layer.name, file: layer.file, becomes, warnings });
}

function invalidLabel(label: string): Result<never> {
  return usage({
    code: 'label-invalid',
    what: `invalid label: ${quoteName(label)}`,
    why: 'it must be at most 64 letters, digits, dots, - and _, beginning with a letter or digit',
    next: 'choose another label',
  });
}

function otherOrder({ file }: StoredImage, becomes: string, why: string): Problem {
  return {
    code: 'layer-order',
    what: `the layer cannot be called ${quoteName(becomes)}`,
    where: file,
    why: `${why}, and this one must stay where it is`,
    next: 'choose another label',
  };
}

/** A boot that names layers knows nothing of the new name. */
function namedInBoot({ selection }: StoredImages, name: string): string[] {
  if (selection === undefined) return [];
  const { wanted, unwanted, forced } = selection;
  if (![...wanted, ...unwanted, ...forced].includes(name)) return [];
  return [`mkma_layers= of this boot names ${quoteName(name)}: change it in the boot loader`];
}
