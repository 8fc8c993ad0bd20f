/** Layers by the names that people type. */

import { ok, type Result, usage } from '../result.js';
import { disabledLayerName, layerName } from '../set/layer-names.js';
import type { StoredImage, StoredImages } from '../set/stored.js';
import { nearestOf } from '../text/nearest.js';
import { quoteName } from '../text/path.js';

interface TypedName {
  readonly name: string;
  readonly disabled?: true;
}

/** The name of a layer as typed: its name, its file's name, or a form between the two. */
function typedName(text: string): TypedName {
  const disabled = disabledLayerName(text);
  if (disabled !== undefined) return { name: disabled, disabled: true };
  return { name: layerName(text) ?? text.replace(/^persistence\./, '').replace(/\.(cpio\.zst|erofs)$/, '') };
}

/**
 * The layer of that name, or in that file. If one is enabled and another disabled, the enabled one is meant
 * unless the name ends in `.disabled` or `disabled` asks for the other.
 */
export function findLayer(stored: StoredImages, text: string, disabled = false): Result<StoredImage> {
  const file = stored.layers.find((image) => image.file === text);
  if (file !== undefined) return ok(file);
  // A name may end as a file does.
  const exact = stored.layers.some(({ name }) => name === text);
  const typed: TypedName = exact ? { name: text } : typedName(text);
  const named = stored.layers.filter(({ name }) => name === typed.name);
  const wanted = typed.disabled === true || disabled;
  const found = named.find((image) => image.disabled === wanted);
  if (found !== undefined) return ok(found);
  const other = typed.disabled === true ? undefined : named[0];
  return other === undefined ? unknown(stored, text, typed.name) : ok(other);
}

/** Like {@link findLayer}, and `base` is the base unless a layer has that name. */
export function findImage(stored: StoredImages, text: string): Result<StoredImage> {
  const layer = findLayer(stored, text);
  if (layer.ok || stored.base === undefined) return layer;
  return text === 'base' || text === stored.base.file ? ok(stored.base) : layer;
}

function unknown({ layers }: StoredImages, text: string, name: string): Result<never> {
  const names = layers.map((layer) => layer.name);
  const near = nearestName(name, names);
  return usage({
    code: 'no-such-layer',
    what: 'no such layer',
    where: quoteName(text),
    why: names.length === 0 ? 'there are no layers' : `the layers are ${names.map(quoteName).join(', ')}`,
    next: `${near === undefined ? '' : `did you mean ${quoteName(near)}? `}mkma layers list shows them`,
    ...(near === undefined ? {} : { suggestion: near }),
  });
}

/**
 * The name that was probably meant: the last that contains what was typed, else the nearest, with or without
 * the time before it.
 */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  const holding = typed.length < 3 ? undefined : names.findLast((name) => name.includes(typed));
  if (holding !== undefined) return holding;
  const ways = names.flatMap((name) => [name, labelOf(name)].map((way) => ({ way, name })));
  const near = nearestOf(
    typed,
    ways.map(({ way }) => way),
  );
  return ways.find(({ way }) => way === near)?.name;
}

/** The label of a layer: its name without the time before it. */
function labelOf(name: string): string {
  return name.replace(/^\d{8}_\d{6}_/, '');
}
