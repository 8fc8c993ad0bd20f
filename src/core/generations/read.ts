/** The generations of an images folder, as host and machine read them: each through its own reader. */
import { FILES } from '../contract.js';
import type { Manifest } from '../image/manifest.js';
import { err, ok, type Problem, type Result } from '../result.js';
import type { FolderReader } from '../set/folder.js';
import { CHOSEN, defaultOf, isUnfinished, numbersAmong, PINNED, parseChosen } from '../set/generations.js';
import { readStored, type StoredImages } from '../set/stored.js';
import { setFault } from '../set/whole.js';
import { decodeName } from '../text/path.js';

/** How a side reads the folder of generations. */
export interface GenerationsReader {
  /** Names in it; `undefined`: there is no such folder. */
  readonly names: readonly string[] | undefined;
  /** Bytes of a file in it; `undefined` where it cannot be read. */
  readonly read: FolderReader['read'];
  /** A generation's folder. */
  readonly open: (number: number) => FolderReader;
}

export interface Generation {
  readonly number: number;
  /** Whether it is booted unless another is chosen. */
  readonly isDefault: boolean;
  readonly pinned: boolean;
  /** Whether this machine runs from it. */
  readonly running: boolean;
  readonly stored: StoredImages;
  /** Bytes of its files by name, layers and the mark {@link PINNED} apart. */
  readonly files: ReadonlyMap<string, number>;
  /** The kernel command line as made with it; absent: it has none. */
  readonly cmdline?: string;
  /** Why no machine can boot it. */
  readonly problem?: Problem;
}

export interface Generations {
  /** The newest first. */
  readonly all: readonly Generation[];
  /** The number that `use` chose. */
  readonly chosen?: number;
  /** Names of what killed runs left. */
  readonly unfinished: readonly string[];
}

/** Longest text of a command line: the kernel's (COMMAND_LINE_SIZE, arch/x86/include/asm/setup.h). */
const MOST_CMDLINE = 2048;

/** Reads them. `running`: the number of the generation that this machine runs from. */
export function readGenerations(reader: GenerationsReader, running?: number): Generations {
  const names = reader.names ?? [];
  const numbers = numbersAmong(names);
  const chosen = names.includes(CHOSEN) ? parseChosen(textOf(reader, CHOSEN)) : undefined;
  const first = defaultOf(numbers, chosen);
  const all = numbers.map((number) => {
    const facts = { number, isDefault: number === first, running: number === running };
    return readOne(reader.open(number), facts);
  });
  return { all, ...(chosen === undefined ? {} : { chosen }), unfinished: names.filter(isUnfinished) };
}

function readOne(
  folder: FolderReader,
  facts: Pick<Generation, 'number' | 'isDefault' | 'running'>,
): Generation {
  const stored = readStored(folder);
  const layers = new Set(stored.layers.map(({ file }) => file));
  const files = new Map<string, number>();
  for (const name of folder.names) {
    const bytes = layers.has(name) || name === PINNED ? undefined : folder.size(name);
    if (bytes !== undefined) files.set(name, bytes);
  }
  const cmdline = files.has(FILES.cmdline) ? textOf(folder, FILES.cmdline) : undefined;
  const problem = stored.base?.problem ?? problemIn(facts.number, folder, stored.base?.manifest);
  return {
    ...facts,
    pinned: folder.names.includes(PINNED),
    ...{ stored, files },
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Why the files in its folder are no set. */
function problemIn(
  number: number,
  folder: FolderReader,
  manifest: Manifest | undefined,
): Problem | undefined {
  const fault = setFault(folder, manifest);
  if (fault === undefined) return undefined;
  if ('mixed' in fault) {
    return {
      code: 'images-mixed',
      what: `the files of generation ${number} are of different builds`,
      why: fault.mixed,
      next: `drop it: mkma generations drop ${number}`,
    };
  }
  return {
    code: 'generation-incomplete',
    what: `generation ${number} is not complete`,
    why: `it has no ${fault.lacking.join(', no ')}`,
    next: `copy what is missing into it, or drop it: mkma generations drop ${number}`,
  };
}

function textOf({ read }: Pick<FolderReader, 'read'>, file: string): string | undefined {
  const bytes = read(file, 0, MOST_CMDLINE);
  return bytes === undefined ? undefined : decodeName(bytes);
}

/** The generation with this number, as typed. */
export function findGeneration({ all }: Generations, text: string): Result<Generation> {
  const found = all.find(({ number }) => String(number) === text);
  if (found !== undefined) return ok(found);
  const there = all.map(({ number }) => number).join(', ');
  return err({
    code: 'no-such-generation',
    what: 'no such generation',
    where: text,
    why: all.length === 0 ? 'this images folder has no generations' : `there are: ${there}`,
    next:
      all.length === 0
        ? 'make one: mkma build --generation, or mkma generations add'
        : 'list them: mkma generations list',
  });
}

/** As they will be without one of them. */
export function without(generations: Generations, number: number): Generations {
  return { ...generations, all: generations.all.filter((one) => one.number !== number) };
}

/**
 * As they are where boot loaders read kernels from another file system: a generation without a kernel there
 * cannot be booted. `numbers`: those that have one.
 */
export function bootableBy(generations: Generations, numbers: readonly number[]): Generations {
  const all = generations.all.map((one) =>
    one.problem !== undefined || numbers.includes(one.number)
      ? one
      : { ...one, problem: notInTheOpen(one.number) },
  );
  return { ...generations, all };
}

function notInTheOpen(number: number): Problem {
  return {
    code: 'generation-incomplete',
    what: `generation ${number} is not complete`,
    why: 'its kernel and initramfs are not on the partition that the boot loader reads',
    next: `install it again, or drop it: mkma generations drop ${number}`,
  };
}

/** Bytes of all of its files, as if it shared none with another. */
export function bytesOf({ files, stored }: Generation): number {
  const layers = stored.layers.reduce((sum, { bytes }) => sum + bytes, 0);
  return [...files.values()].reduce((sum, bytes) => sum + bytes, layers);
}
