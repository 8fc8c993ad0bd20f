/** `mkma generations list` and `show`: what there is, as values and as lines. */
import { tableLines } from '../layers/table.js';
import { type Problem, renderProblem } from '../result.js';
import { quoteName } from '../text/path.js';
import { formatBytes } from '../text/size.js';
import { formatMoment } from '../text/time.js';
import { packagesOf } from './packages.js';
import { bytesOf, type Generation, type Generations } from './read.js';

/** A generation in the list. Values from the base's manifest are absent without one. */
interface ListedGeneration {
  readonly number: number;
  readonly name?: string;
  /** When its base was built, ISO 8601 in UTC. */
  readonly created?: string;
  readonly kernelRelease?: string;
  readonly suite?: string;
  /** Number of packages in the base; absent in bases of older mkma. */
  readonly packages?: number;
  /** Bytes of all of its files. */
  readonly bytes: number;
  readonly layers: readonly string[];
  readonly isDefault: boolean;
  readonly pinned: boolean;
  readonly running: boolean;
  /** Why no machine can boot it. */
  readonly problem?: Problem;
}

/** Describes one. */
function listed(generation: Generation): ListedGeneration {
  const { number, stored, isDefault, pinned, running, problem } = generation;
  const manifest = stored.base?.manifest;
  const packages = packagesOf(manifest);
  return {
    number,
    ...(manifest === undefined
      ? {}
      : {
          name: manifest.name,
          created: manifest.created,
          kernelRelease: manifest.kernelRelease,
          suite: manifest.suite,
        }),
    ...(packages === undefined ? {} : { packages: packages.size }),
    bytes: bytesOf(generation),
    layers: stored.layers.map(({ name }) => name),
    ...{ isDefault, pinned, running },
    ...(problem === undefined ? {} : { problem }),
  };
}

export interface GenerationList {
  readonly generations: readonly ListedGeneration[];
}

/** The newest first. */
export function listGenerations({ all }: Generations): GenerationList {
  return { generations: all.map(listed) };
}

/** The list for people. */
export function generationLines({ generations }: GenerationList): string[] {
  if (generations.length === 0)
    return ['no generations: mkma build --generation, or mkma generations add, makes one'];
  const head = ['', 'made', 'kernel', 'suite', 'packages', 'size', 'layers', 'state'];
  const rows = generations.map((one) => [
    String(one.number),
    one.created === undefined ? '-' : formatMoment(one.created),
    one.kernelRelease ?? '-',
    one.suite ?? '-',
    one.packages === undefined ? '-' : String(one.packages),
    formatBytes(one.bytes),
    String(one.layers.length),
    stateOf(one),
  ]);
  const [first = '', ...lines] = tableLines([head, ...rows], [0, 4, 5, 6]);
  return [first, ...lines.flatMap((line, i) => [line, ...problemLines(generations[i])])];
}

function stateOf({ running, isDefault, pinned, problem }: ListedGeneration): string {
  const words = { running, default: isDefault, pinned, incomplete: problem !== undefined };
  return Object.entries(words)
    .flatMap(([word, is]) => (is ? [word] : []))
    .join(', ');
}

function problemLines(one: ListedGeneration | undefined): string[] {
  return one?.problem === undefined ? [] : renderProblem(one.problem).map((line) => `  ${line}`);
}

export interface ShownGeneration extends ListedGeneration {
  /** Bytes of its files by name. */
  readonly files: Readonly<Record<string, number>>;
  readonly cmdline?: string;
}

/** One with its files. */
export function showGeneration(generation: Generation): ShownGeneration {
  const { cmdline } = generation;
  return {
    ...listed(generation),
    files: Object.fromEntries(generation.files),
    ...(cmdline === undefined ? {} : { cmdline: cmdline.trim() }),
  };
}

/** For people. */
export function shownLines(shown: ShownGeneration): string[] {
  const { number, files, layers, cmdline } = shown;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['state', stateOf(shown)],
    ['machine', shown.name],
    ['made', shown.created === undefined ? undefined : formatMoment(shown.created)],
    ['suite', shown.suite],
    ['kernel', shown.kernelRelease],
    ['packages', shown.packages === undefined ? undefined : String(shown.packages)],
    ['size', formatBytes(shown.bytes)],
    ['command line', cmdline],
  ];
  const rows = facts.flatMap(([word, value]) =>
    value === undefined || value === '' ? [] : [[`  ${word}`, value]],
  );
  return [
    `generation ${number}`,
    ...tableLines(rows),
    '',
    ...tableLines(
      Object.entries(files).map(([name, bytes]) => [`  ${quoteName(name)}`, formatBytes(bytes)]),
      [1],
    ),
    ...(layers.length === 0 ? ['  no layers'] : layers.map((name) => `  layer ${quoteName(name)}`)),
    ...problemLines(shown),
  ];
}
