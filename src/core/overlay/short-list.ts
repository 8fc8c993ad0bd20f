/** The list of changes in as few lines as a person reads: folders stand for what is in them. Pure. */
import { sortTree } from '../archive/tree.js';
import { isSecret } from '../rules/secrets.js';
import { ancestorsOf, parentOf } from '../text/path.js';
import { type ListLine, listedChanges, listLines, type UnitLine } from './change-list.js';
import type { Change } from './changes.js';
import type { Groups } from './groups.js';

/** Lines of a list that is not expanded, with those of packages and accounts. */
const MOST_LINES = 40;
/** Lines of files beside however many packages. */
const LEAST_LINES = 10;

/** What is known of changes beside themselves. */
export interface ListFacts {
  readonly groups: Groups;
  /** Packages of which files were changed by hand, by path. */
  readonly packages: ReadonlyMap<string, string>;
}

/** All lines, one for each change and each folder above; groups are one line each. */
export function fullLines(changes: readonly Change[], { groups, packages }: ListFacts): ListLine[] {
  const secret = new Set(changes.filter(isSecretChange).map(({ path }) => path));
  const lines = listLines(changes)
    .filter(({ path }) => !groups.has(path))
    .map((line) => {
      const name = packages.get(line.path);
      const marks = [
        ...(name === undefined ? [] : [`of package ${name}`]),
        ...(secret.has(line.path) ? ['secret'] : []),
      ];
      return marks.length === 0 ? line : { ...line, marks };
    });
  const ofGroups = [...new Set(groups.values())].map(({ kind, path, changes: all }) =>
    standingFor({ kind, path }, sumOf(all), 'file'),
  );
  // A folder of which nothing but a group has changed is that group.
  const faces = new Set(ofGroups.map(({ path }) => path));
  return sortTree([...lines.filter(({ path }) => !faces.has(path)), ...ofGroups]);
}

/**
 * At most about {@link MOST_LINES} less `units`: a new folder is one line, folders that are as they were have
 * none, and the deepest of them become one line each as far as needed.
 */
export function shortLines(changes: readonly Change[], facts: ListFacts, units: number): ListLine[] {
  const lines = fullLines(changes, facts).filter(({ kind }) => kind !== 'folder');
  const moved = lines.filter(({ kind }) => kind === 'moved').map(({ path }) => path);
  // A folder that has something in it that was moved there shows it.
  const open = new Set(['.', ...moved, ...moved.flatMap(ancestorsOf)]);
  const room = Math.max(LEAST_LINES, MOST_LINES - units);
  return folded(withoutContents(lines, changes, open), changes, open, room);
}

/** Names in a line that stands for several packages. */
const NAMED = 3;

/** The lines of packages and accounts, with one for all that others need if there are too many. */
export function shortUnits(lines: readonly UnitLine[]): readonly UnitLine[] {
  const automatic = lines.flatMap(({ isAutomatic }, i) => (isAutomatic === true ? [i] : []));
  if (lines.length <= MOST_LINES - LEAST_LINES || automatic.length < 2) return lines;
  const folded = automatic.map((i) => lines[i] as UnitLine);
  const names = folded.slice(0, NAMED).map(({ text }) => text.split(' ')[0]);
  const more = folded.length > NAMED ? `, and ${folded.length - NAMED} more` : '';
  const line: UnitLine = {
    kind: 'package',
    text: `${folded.length} that others need: ${names.join(', ')}${more}`,
    bytes: folded.reduce((sum, { bytes }) => sum + bytes, 0),
    stands: automatic,
  };
  const others = lines.flatMap((one, i) => (one.isAutomatic === true ? [] : [{ ...one, stands: [i] }]));
  const isPackage = ({ kind }: UnitLine): boolean => kind === 'package';
  return [...others.filter(isPackage), line, ...others.filter((one) => !isPackage(one))];
}

/** Whether what is saved of a change is a secret. */
export function isSecretChange({ path, entry, kind }: Change): boolean {
  return entry?.type === 'f' && kind !== 'metadata' && isSecret(path);
}

/** What changes are together. */
interface Sum {
  bytes: number;
  files: number;
  changes: number;
  secrets: number;
}

function sumOf(changes: readonly Change[]): Sum {
  const sum = { bytes: 0, files: 0, changes: 0, secrets: 0 };
  for (const change of changes) {
    const { kind, entry, before } = change;
    if (entry?.type === 'f' && kind !== 'metadata') sum.bytes += entry.size;
    if ((entry?.type ?? before) !== 'd') sum.files++;
    sum.changes++;
    if (isSecretChange(change)) sum.secrets++;
  }
  return sum;
}

/** A line that stands for what is in it. */
function standingFor({ marks: _, ...line }: ListLine, sum: Sum, word: 'file' | 'change'): ListLine {
  const count = sum[`${word}s`];
  const holds = `${count} ${word}${count === 1 ? '' : 's'}`;
  return { ...line, bytes: sum.bytes, holds, ...(sum.secrets > 0 ? { marks: ['secret'] } : {}) };
}

/** With one line for a new folder and all that is in it. */
function withoutContents(
  lines: readonly ListLine[],
  changes: readonly Change[],
  open: ReadonlySet<string>,
): ListLine[] {
  const whole = new Set(
    changes.flatMap(({ kind, path, entry }) =>
      kind === 'new' && entry?.type === 'd' && !open.has(path) ? [path] : [],
    ),
  );
  if (whole.size === 0) return [...lines];
  /** By folder, the topmost new one that it is in, or is. */
  const topmost = new Map<string, string | undefined>([['.', undefined]]);
  const topmostOf = (folder: string): string | undefined => {
    if (topmost.has(folder)) return topmost.get(folder);
    const found = topmostOf(parentOf(folder)) ?? (whole.has(folder) ? folder : undefined);
    topmost.set(folder, found);
    return found;
  };
  const inside = new Map<string, Change[]>();
  for (const change of listedChanges(changes)) {
    const folder = change.path === '.' ? undefined : topmostOf(parentOf(change.path));
    if (folder !== undefined) add(inside, folder, change);
  }
  return lines
    .filter(({ path }) => path === '.' || topmostOf(parentOf(path)) === undefined)
    .map((line) => {
      const all = inside.get(line.path);
      return all === undefined ? line : standingFor(line, sumOf(all), 'file');
    });
}

/** Folds the deepest folders, and of those the ones with the fewest lines, until the lines have room. */
function folded(
  lines: readonly ListLine[],
  changes: readonly Change[],
  open: ReadonlySet<string>,
  room: number,
): ListLine[] {
  if (lines.length <= room) return [...lines];
  const own = new Map(lines.map((line) => [line.path, line]));
  /** By folder, the lines in it; those deeper in it join once their folder has been looked at. */
  const inside = new Map<string, ListLine[]>();
  for (const line of lines) add(inside, line.path === '.' ? ABOVE : parentOf(line.path), line);
  const byDepth = new Map<number, string[]>();
  for (const folder of new Set(
    [...inside.keys()].flatMap((one) => (one === ABOVE ? [] : [...ancestorsOf(one), one])),
  ))
    add(byDepth, folder === '.' ? 0 : folder.split('/').length, folder);
  const sums = sumsBelow(changes);
  const replaced = new Map<string, ListLine>();
  let total = lines.length;
  for (const depth of [...byDepth.keys()].sort((a, b) => b - a)) {
    const linesIn = (folder: string): readonly ListLine[] => inside.get(folder) ?? [];
    const folders = (byDepth.get(depth) ?? []).sort((a, b) => linesIn(a).length - linesIn(b).length);
    for (const folder of folders) {
      const hidden = linesIn(folder);
      const above = folder === '.' ? ABOVE : parentOf(folder);
      const line = own.get(folder);
      const isWorth = hidden.length >= (line === undefined ? 2 : 1);
      if (total <= room || open.has(folder) || !isWorth) {
        for (const one of hidden) add(inside, above, one);
        continue;
      }
      const standing = standingFor(
        line ?? { kind: 'folder', path: folder },
        sums.get(folder) as Sum,
        'change',
      );
      total -= hidden.length;
      if (line === undefined) {
        add(inside, above, standing);
        total++;
      } else replaced.set(folder, standing);
    }
  }
  return sortTree((inside.get(ABOVE) ?? []).map((line) => replaced.get(line.path) ?? line));
}

/** Stands for what the root is in. */
const ABOVE = '';

/** By folder, all changes in it. Most share their folder: it is summed up first. */
function sumsBelow(changes: readonly Change[]): Map<string, Sum> {
  const inFolder = new Map<string, Change[]>();
  for (const change of listedChanges(changes)) add(inFolder, parentOf(change.path), change);
  const sums = new Map<string, Sum>();
  for (const [folder, all] of inFolder) {
    const own = sumOf(all);
    for (const at of [...ancestorsOf(folder), folder]) {
      const { bytes, files, changes, secrets } = sums.get(at) ?? sumOf([]);
      sums.set(at, {
        ...{ bytes: bytes + own.bytes, files: files + own.files },
        ...{ changes: changes + own.changes, secrets: secrets + own.secrets },
      });
    }
  }
  return sums;
}

function add<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
