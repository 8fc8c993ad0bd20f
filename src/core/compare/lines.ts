/** `mkma diff`: what differs between two images or sets, for people. */
import { type Difference, differenceLines } from '../layers/diff.js';
import { count } from '../layers/show.js';
import { quoteName } from '../text/path.js';
import type { FoldedDiff, PackageDifference } from './fold.js';

/** What differs of one file of a set, or between two images. */
export interface PartDiff {
  /** Its name: `base`, `initramfs`, `kernel`, `command line`, or that of a layer. */
  readonly name: string;
  readonly same: boolean;
  /** Values that differ, such as the suite: of A, and of B. */
  readonly values: Readonly<Record<string, readonly [string, string]>>;
  /** What differs inside; absent: it was not compared, since it is the same, or has no files. */
  readonly content?: FoldedDiff;
}

/** Lines of a list that are shown unless all are asked for. */
const SHOWN = 40;

/** All parts. `-` is of the first, `+` of the second. */
export function compareLines(parts: readonly PartDiff[], all: boolean): string[] {
  const differing = parts.filter(({ same }) => !same);
  const same = parts.filter((part) => part.same);
  const blocks = differing.map((part) => [`${quoteName(part.name)} differs`, ...partLines(part, all)]);
  const rest = same.map((part) => `${quoteName(part.name)}: the same${timesText(part)}`);
  return [
    ...blocks.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines])),
    ...(blocks.length > 0 && rest.length > 0 ? [''] : []),
    ...rest,
  ];
}

function timesText({ content, values }: PartDiff): string {
  const times = content?.times ?? 0;
  const texts = [
    ...(times === 0 ? [] : [`${count(times, 'time stamp')} aside`]),
    ...Object.entries(values).map(([name, [a, b]]) => `${name} ${a} and ${b}`),
  ];
  return texts.length === 0 ? '' : `, ${texts.join(', ')}`;
}

function partLines({ values, content }: PartDiff, all: boolean): string[] {
  const named = Object.entries(values).map(
    ([name, [a, b]]) => `  ${name}: ${a || '(none)'} -> ${b || '(none)'}`,
  );
  if (content === undefined) return named;
  const { packages, files, database, times, notCompared } = content;
  return [
    ...named,
    ...cut(packages.map(packageLine), all, 'packages'),
    ...cut(fileLines(files, all), all, 'files'),
    ...(database === 0 ? [] : [`  ${count(database, 'file')} of the package database`]),
    ...(times === 0 ? [] : [`  ${count(times, 'more file')} in their time stamps alone`]),
    ...(notCompared === 0
      ? []
      : [`  ${count(notCompared, 'file')} of the same size not read: their contents may differ`]),
  ];
}

/** What a new or removed folder holds is counted behind it, unless all is asked for. */
function fileLines(files: readonly Difference[], all: boolean): string[] {
  if (all) return differenceLines(files);
  const below = new Map<string, number>();
  const sideOf = ({ a, b }: Difference): string => (b === undefined ? '-' : a === undefined ? '+' : '~');
  const folders = new Map<string, string>();
  const shown: Difference[] = [];
  // Folders come before what is in them.
  for (const one of files) {
    const side = sideOf(one);
    const top = folders.get(`${side}${one.path.replace(/\/?[^/]*$/, '')}`);
    if (side !== '~') folders.set(side + one.path, top ?? one.path);
    if (side === '~' || top === undefined) shown.push(one);
    else below.set(side + top, (below.get(side + top) ?? 0) + 1);
  }
  return differenceLines(shown).map((line, i) => {
    const one = shown[i] as Difference;
    const more = below.get(sideOf(one) + one.path);
    return more === undefined ? line : `${line} (${more} below it)`;
  });
}

function packageLine({ name, a, b, files }: PackageDifference): string {
  const tail = files === 0 ? '' : `: ${count(files, 'file')}`;
  if (a === undefined) return `+ ${name} ${b}${tail}`;
  return b === undefined ? `- ${name} ${a}${tail}` : `~ ${name} ${a} -> ${b}${tail}`;
}

function cut(lines: readonly string[], all: boolean, what: string): string[] {
  const shown = all || lines.length <= SHOWN + 1 ? lines : lines.slice(0, SHOWN);
  const rest = lines.length - shown.length;
  return [
    ...shown.map((line) => `  ${line}`),
    ...(rest > 0 ? [`  ... and ${rest} more ${what}: --all shows them`] : []),
  ];
}
