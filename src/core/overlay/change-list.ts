/** The list of changes that a person edits: one entry per line. */

import { sortTree } from '../archive/tree.js';
import type { Problem } from '../result.js';
import { err, ok, type Result } from '../result.js';
import { ancestorsOf, parentOf, quoteName, unquoteName } from '../text/path.js';
import { formatBytes } from '../text/size.js';
import type { Change, ChangeKind } from './changes.js';
import { GROUP_KINDS, type Group, type Groups } from './groups.js';

/** A line of the list. `folder`: unchanged itself, but something in it changed; or a group of changes. */
export interface ListLine {
  readonly kind: ChangeKind | 'folder' | Group['kind'];
  /** Relative to the root, which is `.`. */
  readonly path: string;
  /** Bytes; of a folder, the sum of everything listed under it; absent if there are none. */
  readonly bytes?: number;
  /** Where a moved folder was. */
  readonly from?: string;
  /** What it stands for besides itself, as in "3 files": of a folder, unless it is a group. */
  readonly holds?: string;
  /** What else there is to say of it. */
  readonly marks?: readonly string[];
}

const KINDS: readonly ListLine['kind'][] = [
  ...(['new', 'changed', 'metadata', 'retyped', 'deleted', 'moved', 'folder'] as const),
  ...GROUP_KINDS,
];

/** The changes that are listed by themselves: what belongs to a moved folder is one with it. */
export function listedChanges(changes: readonly Change[]): Change[] {
  const moved = new Set(changes.filter(({ kind }) => kind === 'moved').map(({ path }) => path));
  return changes.filter(({ partOf }) => partOf === undefined || !moved.has(partOf));
}

/** The lines for changes (sorted), each folder before its contents. */
export function listLines(changes: readonly Change[]): ListLine[] {
  const sums = sumsOf(changes);
  const listed = listedChanges(changes);
  const changed = new Set(changes.map(({ path }) => path));
  const lines: ListLine[] = listed.map(({ kind, path, entry, from }) => ({
    ...{ kind, path },
    ...(entry === undefined || kind === 'metadata' ? {} : { bytes: sums.get(path) ?? 0 }),
    ...(from === undefined ? {} : { from }),
  }));
  for (const [path, bytes] of sums) {
    if (path !== '.' && !changed.has(path)) lines.push({ kind: 'folder', path, bytes });
  }
  return sortTree(lines);
}

/** Bytes of each path, and of the folders above. Most changes share their folder: it is summed up first. */
function sumsOf(changes: readonly Change[]): Map<string, number> {
  const sums = new Map<string, number>();
  const inFolder = new Map<string, number>();
  for (const { path, entry, kind } of changes) {
    const bytes = entry?.type === 'f' && kind !== 'metadata' ? entry.size : 0;
    sums.set(path, bytes);
    const folder = parentOf(path);
    if (path !== '.') inFolder.set(folder, (inFolder.get(folder) ?? 0) + bytes);
  }
  for (const [folder, bytes] of inFolder) {
    for (const at of [...ancestorsOf(folder), folder]) sums.set(at, (sums.get(at) ?? 0) + bytes);
  }
  return sums;
}

/** Absolute paths, quoted like git does if needed, or if an editor might strip a blank. */
export function showPath(path: string): string {
  const absolute = path === '.' ? '/' : `/${path}`;
  const quoted = quoteName(absolute);
  return quoted === absolute && /\s$/.test(absolute) ? `"${absolute}"` : quoted;
}

/** A line as text, without its end. */
export function renderLine(line: ListLine): string {
  const { kind, bytes } = line;
  return `${kind.padEnd(8)} ${(bytes === undefined ? '-' : formatBytes(bytes)).padStart(9)}  ${showPlace(line)}`;
}

/** The path, or both of a moved folder, and what it stands for. */
function showPlace({ path, from, holds, marks = [] }: ListLine): string {
  const notes = [...(holds === undefined ? [] : [holds]), ...marks];
  const suffix = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
  // What ends like such a note, or looks like two paths, is in quotes.
  const plain = (one: string): string => {
    const shown = showPath(one);
    return one.includes(ARROW) || / \(.*\)$/.test(one) ? forced(shown) : shown;
  };
  return [...(from === undefined ? [] : [from]), path].map(plain).join(ARROW) + suffix;
}

const ARROW = ' -> ';

function forced(shown: string): string {
  return shown.startsWith('"') ? shown : `"${shown}"`;
}

/** A package or an account in the list. */
export interface UnitLine {
  readonly kind: 'package' | 'account';
  /** Its name, and what became of it. */
  readonly text: string;
  readonly bytes: number;
  /** Whether it is a package that is there because others need it. */
  readonly isAutomatic?: boolean;
  /** Of a line for several: their numbers among all. */
  readonly stands?: readonly number[];
}

export function renderUnit({ kind, bytes, text }: UnitLine): string {
  return `${kind.padEnd(8)} ${(kind === 'account' ? '-' : formatBytes(bytes)).padStart(9)}  ${text}`;
}

/** The text to edit; `notes` become comments. */
export function renderList(
  lines: readonly ListLine[],
  notes: readonly string[],
  units: readonly UnitLine[] = [],
): string {
  const comments = [
    'The changes since this machine was booted. What stays in this list is saved as a persistence layer',
    'that later boots apply. Delete the lines of what you do not want to keep; deleting the line of a folder',
    'excludes everything under it. An empty list saves nothing. mkma persist --expand lists every file.',
    '',
    'new, changed, deleted: since boot, or since the last save; retyped: another kind of file than before;',
    'metadata: mode, owner, time or attributes of a file changed, and not its content; moved: a folder, with',
    'all that is in it; folder: unchanged itself, but something in it changed. The size of a folder is that',
    'of all changes in it. package, account, database, profile, repository: with all that belongs to it.',
    ...notes,
  ];
  const head = comments.map((line) => (line === '' ? '#' : `# ${line}`));
  return `${[...head, '', ...units.map(renderUnit), ...lines.map(renderLine)].join('\n')}\n`;
}

/** What was kept of a list. */
export interface KeptLines {
  readonly paths: ReadonlySet<string>;
  /** Numbers of the units that were offered. */
  readonly units: ReadonlySet<number>;
}

/** The lines that were kept. One that was not offered is refused by number. */
export function parseList(
  text: string,
  offered: readonly ListLine[],
  units: readonly UnitLine[] = [],
): Result<KeptLines> {
  const keptUnits = new Set<number>();
  const numbers = new Map(units.map(({ kind, text: shown }, i) => [`${kind} ${shown}`, i]));
  const known = new Map(offered.map(({ path, kind }) => [path, kind]));
  const places = new Map(offered.map((line) => [`${line.kind} ${showPlace(line).trimEnd()}`, line.path]));
  const kept = new Set<string>();
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const unit = /^\s*(package|account)\s+(?:-|[\d.]+ ?[A-Za-z]+)\s+(.*?)\s*$/.exec(line);
    if (unit !== null) {
      const number = numbers.get(`${unit[1]} ${unit[2]}`);
      if (number === undefined) return err(wrongLine(i, line, 'the list had no such line'));
      keptUnits.add(number);
      continue;
    }
    const match = /^\s*([a-z]+)\s+(?:-|[\d.]+ ?[A-Za-z]+)\s+(["/].*)$/.exec(line);
    const kind = KINDS.find((kind) => kind === match?.[1]);
    const place = match?.[2] ?? '';
    const path = places.get(`${kind} ${place.trimEnd()}`) ?? (kind === 'moved' ? undefined : pathOf(place));
    if (path === undefined || kind === undefined) return err(wrongLine(i, line, 'not a line of this list'));
    const is = known.get(path);
    if (is === undefined) return err(wrongLine(i, line, 'the list had no such change'));
    if (is !== kind) return err(wrongLine(i, line, `the list had it as ${is}`));
    kept.add(path);
  }
  return ok({ paths: kept, units: keptUnits });
}

function pathOf(text: string): string | undefined {
  const name = unquoteName(text.startsWith('"') ? text.trimEnd() : text.replace(/\s+$/, ''));
  if (name === undefined || !name.startsWith('/')) return undefined;
  return name === '/' ? '.' : name.slice(1);
}

function wrongLine(index: number, line: string, why: string): Problem {
  return {
    code: 'edited-list-invalid',
    what: 'invalid line in the edited list',
    where: `line ${index + 1}: ${line.trim()}`,
    why,
    next: 'delete whole lines only, and run mkma persist again',
  };
}

/** The changes whose line, and those of all folders above, their group and their moved folder, were kept. */
export function keptChanges(
  changes: readonly Change[],
  offered: readonly ListLine[],
  kept: ReadonlySet<string>,
  groups: Groups = new Map(),
): Change[] {
  const dropped = new Set(offered.filter(({ path }) => !kept.has(path)).map(({ path }) => path));
  // The line of the root does not imply others.
  const isDropped = (path: string): boolean =>
    dropped.has(path) || ancestorsOf(path).some((above) => above !== '.' && dropped.has(above));
  return changes.filter(
    ({ path, partOf }) =>
      !isDropped(groups.get(path)?.path ?? partOf ?? path) && (partOf === undefined || !isDropped(path)),
  );
}
