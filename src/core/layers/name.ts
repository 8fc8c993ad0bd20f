/** Layers by the names that people type. */
import { disabledLayerName, layerName } from '../layer.js';
import { quoteName } from '../path.js';
import { ok, type Result, usage } from '../result.js';
import type { StoredImage, StoredImages } from './stored.js';

/** What was typed for a layer: its name, the file's, or a part of that between the two. */
function typedName(text: string): { readonly name: string; readonly disabled?: true } {
  const disabled = disabledLayerName(text);
  if (disabled !== undefined) return { name: disabled, disabled: true };
  return { name: layerName(text) ?? text.replace(/^persistence\./, '').replace(/\.cpio\.zst$/, '') };
}

/**
 * The layer of that name. Where one is enabled and another disabled, the enabled one is meant unless the name ends in
 * `.disabled`, or `disabled` asks for the other.
 */
export function findLayer(stored: StoredImages, text: string, disabled = false): Result<StoredImage> {
  const typed = typedName(text);
  const named = stored.layers.filter(({ name }) => name === typed.name);
  const wanted = typed.disabled === true || disabled;
  const found = named.find((image) => image.disabled === wanted);
  if (found !== undefined) return ok(found);
  const other = typed.disabled === true ? undefined : named[0];
  return other === undefined ? unknown(stored, text, typed.name) : ok(other);
}

/** As {@link findLayer}, and `base` is the base, unless a layer is called so. */
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
    what: 'there is no such layer',
    where: quoteName(text),
    why: names.length === 0 ? 'there are no layers' : `there are ${names.map(quoteName).join(', ')}`,
    next: `${near === undefined ? '' : `did you mean ${quoteName(near)}? `}mkma layers list lists them`,
    ...(near === undefined ? {} : { suggestion: near }),
  });
}

/** The name that was probably meant: the last that holds what was typed, else the one with the fewest letters to change. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  const holding = typed.length < 3 ? undefined : names.findLast((name) => name.includes(typed));
  if (holding !== undefined) return holding;
  const most = Math.max(2, typed.length / 3);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of names) {
    const distance = Math.min(editDistance(typed, name), editDistance(typed, labelOf(name)));
    if (distance <= most && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** What somebody has called a layer, without the moment before it. */
function labelOf(name: string): string {
  return name.replace(/^\d{8}_\d{6}_/, '');
}

/** How many letters have to be added, removed or changed to make one word of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++) {
      const change = (row[k - 1] as number) + (a[i - 1] === b[k - 1] ? 0 : 1);
      next.push(Math.min(change, (row[k] as number) + 1, (next[k - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
