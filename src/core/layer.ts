/** Persistence layers by their names: which files are layers, their order, and which of them a boot is to apply. */
import { sortByName } from './path.js';
import { err, ok, type Result } from './result.js';

const PREFIX = 'persistence.';
const SUFFIX = '.cpio.zst';

/** A layer's file beside the base. */
export interface LayerFile {
  readonly file: string;
  /** What is between `persistence.` and `.cpio.zst`: what people call it, and its folder in /overlay/layers. */
  readonly name: string;
}

/** The name of the layer in a file; `undefined` where the file is none. */
export function layerName(file: string): string | undefined {
  if (!file.startsWith(PREFIX) || !file.endsWith(SUFFIX)) return undefined;
  const name = file.slice(PREFIX.length, -SUFFIX.length);
  return name === '' || name === '.' || name === '..' || name.includes('/') ? undefined : name;
}

/** The layers among the names of a folder, in the order in which they are applied: that of the files' names as bytes. */
export function layersAmong(files: readonly string[]): LayerFile[] {
  const layers: LayerFile[] = [];
  for (const file of sortByName([...files], (file) => file)) {
    const name = layerName(file);
    if (name !== undefined) layers.push({ file, name });
  }
  return layers;
}

/** What `mkma_layers=` asks for. Names are without `persistence.` and `.cpio.zst`. */
export interface LayerSelection {
  /** Whether those that are not named are meant as well. */
  readonly others: boolean;
  readonly wanted: readonly string[];
  readonly unwanted: readonly string[];
}

/**
 * Parse `all`, `none`, or names separated by commas, `-NAME` for one to leave out. Where only such are given, all others
 * are meant. Names may be written as the files are called.
 */
export function parseLayerSelection(text: string): Result<LayerSelection> {
  const words = text.split(',').map((word) => word.trim());
  const nameOf = (word: string): string => layerName(word) ?? word.replace(/^persistence\./, '');
  const unwanted = words.filter((word) => word.startsWith('-')).map((word) => nameOf(word.slice(1)));
  const positive = words.filter((word) => !word.startsWith('-'));
  const wanted = positive.filter((word) => word !== 'all' && word !== 'none').map(nameOf);
  if ([...wanted, ...unwanted].includes('')) return err(refused('a name in it is empty'));
  if (positive.includes('none') && words.length > 1) return err(refused('none stands alone'));
  const others = positive.length === 0 || positive.includes('all');
  return ok({ others, wanted, unwanted });
}

function refused(why: string) {
  return { what: 'this is no choice of layers', why };
}

/** Whether a selection means the layer of this name. */
export function isSelected(selection: LayerSelection, name: string): boolean {
  if (selection.unwanted.includes(name)) return false;
  return selection.others || selection.wanted.includes(name);
}

/** Names in a selection that no layer has; `known`: those of the layers that are there. */
export function unknownNames(selection: LayerSelection, known: readonly string[]): string[] {
  return [...selection.wanted, ...selection.unwanted].filter((name) => !known.includes(name));
}
