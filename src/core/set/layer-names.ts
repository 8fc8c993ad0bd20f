/**
 * Persistence layers by their names: which files are layers, their order, and which of them a boot applies.
 */
import type { ImageFormat } from '../contract.js';
import { err, ok, type Problem, type Result } from '../result.js';
import { compareNames, sortByName } from '../text/path.js';

const PREFIX = 'persistence.';
/** The end of a layer's file by its format. */
const SUFFIXES: Readonly<Record<ImageFormat, string>> = { cpio: '.cpio.zst', erofs: '.erofs' };

/** A layer's file beside the base. */
export interface LayerFile {
  readonly file: string;
  /**
   * The part between `persistence.` and `.cpio.zst` or `.erofs`: the layer's name for people, and its folder
   * in /overlay/layers.
   */
  readonly name: string;
}

/** The name of the layer in a file; `undefined` if the file is not a layer. */
export function layerName(file: string): string | undefined {
  const suffix = Object.values(SUFFIXES).find((end) => file.endsWith(end));
  if (!file.startsWith(PREFIX) || suffix === undefined) return undefined;
  const name = file.slice(PREFIX.length, -suffix.length);
  return name === '' || name === '.' || name === '..' || name.includes('/') ? undefined : name;
}

/**
 * The layers among the names of a folder, in the order in which they are applied: that of the files' names as
 * bytes.
 */
export function layersAmong(files: readonly string[]): LayerFile[] {
  const layers: LayerFile[] = [];
  for (const file of sortByName([...files], (file) => file)) {
    const name = layerName(file);
    if (name !== undefined) layers.push({ file, name });
  }
  return layers;
}

/** What `mkma_layers=` selects. Names are without `persistence.` and the format's suffix. */
export interface LayerSelection {
  /** Whether layers that are not named are selected as well. */
  readonly others: boolean;
  readonly wanted: readonly string[];
  readonly unwanted: readonly string[];
  /** Applied even on accounts and packages that they were not made on. */
  readonly forced: readonly string[];
}

/** All layers. */
export const ALL_LAYERS: LayerSelection = { others: true, wanted: [], unwanted: [], forced: [] };

/**
 * Parses `all`, `none`, or names separated by commas; `-NAME` leaves one out, `!NAME` forces one. If only
 * such are given, all others are selected too. File names are accepted as names.
 */
export function parseLayerSelection(text: string): Result<LayerSelection> {
  const words = text.split(',').map((word) => word.trim());
  const nameOf = (word: string): string => layerName(word) ?? word.replace(/^persistence\./, '');
  const marked = (mark: string): string[] =>
    words.filter((word) => word.startsWith(mark)).map((word) => nameOf(word.slice(mark.length)));
  const [unwanted, forced] = [marked('-'), marked('!')];
  const positive = words.filter((word) => !/^[-!]/.test(word));
  const wanted = positive.filter((word) => word !== 'all' && word !== 'none').map(nameOf);
  if ([...wanted, ...unwanted, ...forced].includes('')) return err(refused('it contains an empty name'));
  if (positive.includes('none') && words.length > 1) return err(refused('none must stand alone'));
  const both = forced.find((name) => unwanted.includes(name));
  if (both !== undefined) return err(refused(`it both leaves out and forces ${both}`));
  const others = positive.length === 0 || positive.includes('all');
  return ok({ others, wanted, unwanted, forced });
}

function refused(why: string): Problem {
  return { code: 'parameter-invalid', what: 'invalid list of layers', why };
}

/** Whether a selection includes the layer of this name. */
export function isSelected(selection: LayerSelection, name: string): boolean {
  if (selection.unwanted.includes(name)) return false;
  return selection.others || selection.wanted.includes(name) || selection.forced.includes(name);
}

/** Names in a selection that no layer has; `known`: those of the existing layers. */
export function unknownNames(selection: LayerSelection, known: readonly string[]): string[] {
  const { wanted, unwanted, forced } = selection;
  return [...wanted, ...unwanted, ...forced].filter((name) => !known.includes(name));
}

/** The file of a layer. */
export function layerFileName(name: string, format: ImageFormat = 'cpio'): string {
  return PREFIX + name + SUFFIXES[format];
}

const DISABLED = '.disabled';

/** The name of a layer's file once the layer is disabled, so that early boot does not take it for one. */
export function disabledFileName(file: string): string {
  return file + DISABLED;
}

/** The name of a disabled layer's file once it is enabled. */
export function enabledFileName(file: string): string {
  return file.slice(0, -DISABLED.length);
}

/** The name of the disabled layer in a file; `undefined` if the file is not one. */
export function disabledLayerName(file: string): string | undefined {
  return file.endsWith(DISABLED) ? layerName(enabledFileName(file)) : undefined;
}

/** A label: what is allowed in a file's name and in `mkma_layers=`. */
export function isLayerLabel(label: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(label);
}

/**
 * The name of a layer made now: `YYYYMMDD_HHMMSS` in UTC, followed by the label. It never sorts before one of
 * `files`, whatever the clock says: then it is a second after the last of them. `now` in milliseconds since
 * the epoch.
 */
export function nextLayerName(files: readonly string[], now: number, label?: string): string {
  const end = label === undefined ? '' : `_${label}`;
  const taken = files.filter((file) => file.startsWith(PREFIX));
  const last = sortByName([...taken], (file) => file).at(-1);
  const follows = (name: string): boolean =>
    // The format whose name sorts first.
    last === undefined || compareNames(layerFileName(name, 'cpio'), last) > 0;
  let at = now;
  if (!follows(stamp(at))) at = Math.max(at, momentOf(last as string) ?? at);
  // Seconds that are already taken, possibly by a name with a label.
  for (let i = 0; i < 100; i++, at += 1000)
    if (follows(stamp(at)) && follows(stamp(at) + end)) return stamp(at) + end;
  // The last name does not come from a clock: extend it, so that the new one sorts after it.
  const name = (last as string).slice(PREFIX.length).replace(/(\.cpio\.zst|\.erofs)?(\.[a-z]+)?$/, '');
  // The second of such names replaces the time of the first, as long as it still sorts after it.
  const stem = name.replace(/_\d{8}_\d{6}(_[A-Za-z0-9._-]+)?$/, '');
  const short = `${stem}_${stamp(now)}${end}`;
  return follows(short) ? short : `${name}_${stamp(now)}${end}`;
}

function stamp(moment: number): string {
  return new Date(moment).toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15);
}

/** The moment in a layer's name, in milliseconds since the epoch. */
function momentOf(file: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)/.exec(file.slice(PREFIX.length));
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    ...[number, number, number, number, number, number],
  ];
  const moment = Date.UTC(year, month - 1, day, hour, minute, second);
  return Number.isNaN(moment) || year < 1970 || year > 9998 ? undefined : moment;
}
