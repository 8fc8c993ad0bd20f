/** `mkma layers diff`: what differs between two images. */

import type { FileType } from '../archive/tree.js';
import { sortTree } from '../archive/tree.js';
import { showPath } from '../overlay/change-list.js';
import { quoteName } from '../text/path.js';
import { entryColumns, entryPath, modeText, momentText, TYPE_NAMES } from './entry-text.js';
import { count } from './show.js';
import { tableLines } from './table.js';
import type { LayerEntry, LayerTree } from './tree.js';

/** What an image has at a path: an entry, or a deletion. */
type Statement = (LayerEntry & { readonly opaque: boolean }) | { readonly type: 'deleted' };

/** An aspect in which two entries differ. */
type Aspect =
  | 'kind'
  | 'mode'
  | 'owner'
  | 'size'
  | 'content'
  | 'mtime'
  | 'target'
  | 'device'
  | 'opaque'
  | 'attributes';

/** A path at which the images differ; a side is absent if that image does not mention it. */
export interface Difference {
  readonly path: string;
  readonly a?: Statement;
  readonly b?: Statement;
  /** Empty if only one image has the path. */
  readonly aspects: readonly Aspect[];
}

export interface Diff {
  readonly a: string;
  readonly b: string;
  /** Sorted by path. */
  readonly differences: readonly Difference[];
  /** Number of paths at which both agree. */
  readonly same: number;
  /** Files of the same size in both whose contents were not compared. */
  readonly notCompared: readonly string[];
}

export interface NamedTree {
  readonly name: string;
  readonly tree: LayerTree;
}

/** Compares two images. Contents are compared if both trees have digests of them. */
export function diffTrees(a: NamedTree, b: NamedTree): Diff {
  const differences: Difference[] = [];
  const notCompared: string[] = [];
  let same = 0;
  for (const path of pathsOf(a.tree, b.tree)) {
    const [left, right] = [statementOf(a.tree, path), statementOf(b.tree, path)];
    const sides = {
      ...(left === undefined ? {} : { a: left }),
      ...(right === undefined ? {} : { b: right }),
    };
    if (left === undefined || right === undefined) {
      differences.push({ path, ...sides, aspects: [] });
      continue;
    }
    const aspects = aspectsOf(left, right);
    if (!sameAttributes(a.tree, b.tree, path)) aspects.push('attributes');
    if (aspects.length > 0) differences.push({ path, ...sides, aspects });
    else same++;
    if (!isCompared(left, right)) notCompared.push(path);
  }
  return { a: a.name, b: b.name, differences, same, notCompared };
}

/** Files of the same size in both, whose contents would have to be compared. */
export function filesOfOneSize(a: LayerTree, b: LayerTree): string[] {
  return [...a.entries.values()]
    .filter(({ path, type, size }) => {
      const other = b.entries.get(path);
      return type === 'f' && size > 0 && other?.type === 'f' && other.size === size;
    })
    .map(({ path }) => path);
}

/** The tree with these digests of its files. */
export function withDigests(tree: LayerTree, digests: ReadonlyMap<string, string>): LayerTree {
  const entries = new Map(tree.entries);
  for (const [path, digest] of digests) {
    const entry = entries.get(path);
    // What is unpacked of a file with its metadata alone has no content.
    if (entry !== undefined && entry.metadataOnly !== true) entries.set(path, { ...entry, digest });
  }
  return { ...tree, entries };
}

function pathsOf(...trees: readonly LayerTree[]): string[] {
  const paths = new Set(trees.flatMap(({ entries, whiteouts }) => [...entries.keys(), ...whiteouts]));
  return sortTree([...paths].map((path) => ({ path }))).map(({ path }) => path);
}

function statementOf({ entries, whiteouts, opaque }: LayerTree, path: string): Statement | undefined {
  const entry = entries.get(path);
  if (entry !== undefined) return { ...entry, opaque: opaque.has(path) };
  return whiteouts.has(path) ? { type: 'deleted' } : undefined;
}

function aspectsOf(a: Statement, b: Statement): Aspect[] {
  if (a.type === 'deleted' || b.type === 'deleted') return a.type === b.type ? [] : ['kind'];
  if (a.type !== b.type) return ['kind'];
  const aspects: Aspect[] = [];
  if (a.mode !== b.mode) aspects.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) aspects.push('owner');
  if (a.type === 'f') {
    if (a.size !== b.size) aspects.push('size');
    else if (a.digest !== undefined && b.digest !== undefined && a.digest !== b.digest)
      aspects.push('content');
    // Layers do not preserve times of folders and links.
    if (a.mtime !== b.mtime) aspects.push('mtime');
  }
  if (a.target !== b.target) aspects.push('target');
  if (String(a.device) !== String(b.device)) aspects.push('device');
  if (a.opaque !== b.opaque) aspects.push('opaque');
  return aspects;
}

function isCompared(a: Statement, b: Statement): boolean {
  if (a.type !== 'f' || b.type !== 'f' || a.size !== b.size || a.size === 0) return true;
  return a.digest !== undefined && b.digest !== undefined;
}

function sameAttributes(a: LayerTree, b: LayerTree, path: string): boolean {
  const [x, y] = [a.attributes.get(path) ?? {}, b.attributes.get(path) ?? {}];
  const names = Object.keys(x);
  return names.length === Object.keys(y).length && names.every((name) => x[name] === y[name]);
}

/** For people, like diff(1): `-` for what only A has, `+` for what only B has, and `~` where both differ. */
export function diffLines(diff: Diff): string[] {
  const { a, b, differences, same, notCompared } = diff;
  const unread = notCompared.length;
  const remark =
    unread === 0 ? '' : `; ${count(unread, 'file')} of the same size not read: their contents may differ`;
  return [
    `--- ${quoteName(a)}`,
    `+++ ${quoteName(b)}`,
    ...differenceLines(differences),
    `${count(differences.length, 'difference')}, ${same} the same${remark}`,
  ];
}

/** The differences alone, a line each. */
export function differenceLines(differences: readonly Difference[]): string[] {
  const rows = differences.map((one) => {
    if (one.b === undefined) return ['-', ...columns(one.path, one.a as Statement)];
    if (one.a === undefined) return ['+', ...columns(one.path, one.b)];
    const [left, right] = [one.a, one.b];
    const changes = one.aspects.map((aspect) => change(aspect, left, right)).join(', ');
    return ['~', 'differs', '', '', '', `${showPath(one.path)}: ${changes}`];
  });
  return tableLines(rows, [3]);
}

function columns(path: string, statement: Statement): string[] {
  return statement.type === 'deleted'
    ? ['deleted', '', '', '', showPath(path)]
    : [...entryColumns(statement), entryPath(statement)];
}

function change(aspect: Aspect, a: Statement, b: Statement): string {
  const both = (tell: (one: LayerEntry) => string): string => {
    const side = (one: Statement): string => (one.type === 'deleted' ? 'deleted' : tell(one));
    return `${side(a)} -> ${side(b)}`;
  };
  switch (aspect) {
    case 'kind':
      return both(({ type }) => TYPE_NAMES[type as FileType]);
    case 'mode':
      return both(modeText);
    case 'owner':
      return `owner ${both(({ uid, gid }) => `${uid}:${gid}`)}`;
    case 'size':
      return `size ${both(({ size }) => String(size))}`;
    case 'mtime':
      return `mtime ${both(({ mtime }) => momentText(mtime))}`;
    case 'target':
      return `target ${both(({ target }) => quoteName(target))}`;
    case 'device':
      return `device ${both(({ device }) => (device ?? []).join(', '))}`;
    default:
      return aspect;
  }
}
