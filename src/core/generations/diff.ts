/** `mkma generations diff`: what differs between two, by kernel, command line, packages, layers and files. */
import type { Diff } from '../layers/diff.js';
import { diffLines } from '../layers/diff.js';
import type { StoredImage } from '../set/stored.js';
import { quoteName } from '../text/path.js';
import { packagesOf } from './packages.js';
import type { Generation } from './read.js';

/** A package whose versions differ; a side is absent if that generation does not have it. */
interface PackageChange {
  readonly name: string;
  readonly a?: string;
  readonly b?: string;
}

export interface GenerationDiff {
  readonly a: number;
  readonly b: number;
  /** Values that differ, such as the kernel's release. */
  readonly settings: Readonly<Record<string, readonly [string, string]>>;
  /** Sorted by name; absent where a base does not list its packages. */
  readonly packages?: readonly PackageChange[];
  /** Layers that only one of them has. */
  readonly layers: { readonly a: readonly string[]; readonly b: readonly string[] };
  /** Whether both have the same base; then no files were compared. */
  readonly sameBase: boolean;
  /** Files of the bases; absent where they were not compared. */
  readonly files?: Diff;
}

/** Everything but files, which are compared only where {@link GenerationDiff.sameBase} is false. */
export function diffGenerations(a: Generation, b: Generation): GenerationDiff {
  const packages = packageChanges(a, b);
  const [idA, idB] = [a, b].map(({ stored }) => stored.base?.manifest?.id);
  return {
    ...{ a: a.number, b: b.number, settings: settingChanges(a, b) },
    ...(packages === undefined ? {} : { packages }),
    layers: { a: onlyIn(a, b), b: onlyIn(b, a) },
    sameBase: idA !== undefined && idA === idB,
  };
}

function settingChanges(a: Generation, b: Generation): Record<string, readonly [string, string]> {
  const facts = ({ stored, cmdline }: Generation): Record<string, string> => {
    const manifest = stored.base?.manifest;
    const { name = '-', suite = '-', kernelRelease = '-' } = manifest ?? {};
    // Where its images are differs in any case.
    const line = (cmdline ?? '').replace(/\bmkma_(storage_device|images_path)=("[^"]*"|\S*)/g, '');
    return {
      machine: name,
      suite,
      kernel: kernelRelease,
      'command line': line.split(/\s+/).join(' ').trim(),
    };
  };
  const [left, right] = [facts(a), facts(b)];
  return Object.fromEntries(
    Object.entries(left).flatMap(([word, value]) =>
      value === right[word] ? [] : [[word, [value, right[word] as string] as const]],
    ),
  );
}

function packageChanges(a: Generation, b: Generation): PackageChange[] | undefined {
  const [left, right] = [a, b].map(({ stored }) => packagesOf(stored.base?.manifest));
  if (left === undefined || right === undefined) return undefined;
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  return names.flatMap((name) => {
    const [x, y] = [left.get(name), right.get(name)];
    if (x === y) return [];
    return [{ name, ...(x === undefined ? {} : { a: x }), ...(y === undefined ? {} : { b: y }) }];
  });
}

/** Names of layers that the other one does not have: the same id is the same layer, whatever its name. */
function onlyIn(one: Generation, other: Generation): string[] {
  const key = ({ manifest, name, bytes }: StoredImage): string => manifest?.id ?? `${name} ${bytes}`;
  const known = new Set(other.stored.layers.map(key));
  return one.stored.layers.filter((layer) => !known.has(key(layer))).map(({ name }) => name);
}

/** Paths of files that are shown unless all are asked for. */
const SHOWN_FILES = 40;

/** The differences for people: `-` of the first, `+` of the second. */
export function generationDiffLines(diff: GenerationDiff, allFiles: boolean): string[] {
  const { settings, packages, layers, sameBase, files } = diff;
  const parts = [
    Object.entries(settings).map(([word, [a, b]]) => `${word}: ${a || '(none)'} -> ${b || '(none)'}`),
    sameBase ? [] : packageLines(packages),
    [
      ...layers.a.map((name) => `- layer ${quoteName(name)}`),
      ...layers.b.map((name) => `+ layer ${quoteName(name)}`),
    ],
    sameBase ? [] : fileLines(files, allFiles),
  ].filter((lines) => lines.length > 0);
  if (parts.length === 0) return [`generations ${diff.a} and ${diff.b} do not differ`];
  return parts.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function packageLines(packages: readonly PackageChange[] | undefined): string[] {
  if (packages === undefined) return ['packages: unknown, since a base of an older mkma does not list them'];
  return packages.map(({ name, a, b }) => {
    if (a === undefined) return `+ ${name} ${b}`;
    return b === undefined ? `- ${name} ${a}` : `~ ${name} ${a} -> ${b}`;
  });
}

/** Time stamps alone are a count unless all is asked for: a build sets many of them. */
function fileLines(files: Diff | undefined, all: boolean): string[] {
  if (files === undefined) return [];
  if (all) return diffLines(files);
  const differences = files.differences.filter(({ aspects }) => aspects.join() !== 'mtime');
  const times = files.differences.length - differences.length;
  const lines = differences.length === 0 ? [] : diffLines({ ...files, differences });
  const rest = lines.length - SHOWN_FILES;
  return [
    ...lines.slice(0, SHOWN_FILES),
    ...(rest > 0 ? [`... and ${rest} more lines: --files prints all`] : []),
    ...(times > 0 ? [`${times} more differ in their time stamps alone`] : []),
  ];
}
