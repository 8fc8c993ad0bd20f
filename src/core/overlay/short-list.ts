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
    lines.filter(({ kind, path }) => kind === 'new' && !open.has(path)).map(({ path }) => path),
  );
  const topmost = (path: string): string | undefined => ancestorsOf(path).find((above) => whole.has(above));
  const inside = new Map<string, Change[]>();
  for (const change of listedChanges(changes)) {
    const folder = topmost(change.path);
    if (folder !== undefined) add(inside, folder, change);
  }
  return lines
    .filter(({ path }) => topmost(path) === undefined)
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
  const visible = new Map(lines.map((line) => [line.path, line]));
  const inside = new Map<string, string[]>();
  for (const { path } of lines) for (const above of ancestorsOf(path)) add(inside, above, path);
  const depth = (path: string): number => path.split('/').length;
  const folders = [...inside.keys()]
    .filter((path) => !open.has(path))
    .sort((a, b) => depth(b) - depth(a) || (inside.get(a)?.length ?? 0) - (inside.get(b)?.length ?? 0));
  const sums = sumsBelow(changes);
  for (const folder of folders) {
    if (visible.size <= room) break;
    const hidden = (inside.get(folder) ?? []).filter((path) => visible.has(path));
    const own = visible.get(folder);
    if (hidden.length < (own === undefined ? 2 : 1)) continue;
    for (const path of hidden) visible.delete(path);
    const line = own ?? { kind: 'folder', path: folder };
    visible.set(folder, standingFor(line, sums.get(folder) as Sum, 'change'));
    // Those above count it as one.
    if (own === undefined) for (const above of ancestorsOf(folder)) add(inside, above, folder);
  }
  return sortTree([...visible.values()]);
}

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

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
