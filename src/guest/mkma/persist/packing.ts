/** What both ways of packing a layer share. */
import type { ImageFormat } from '../../../core/contract.js';
import type { Plan, PlannedRecord } from '../../../core/image/archive-plan.js';
import type { LayerManifest } from '../../../core/image/manifest.js';
import type { Problem } from '../../../core/result.js';
import { CHANGED, type InStream, IS_CHANGED, IS_REPLACED } from '../../packer/plan.js';
import { whyNotRun } from '../../ran.js';
import type { PartResult, RunningSystem } from '../../system.js';
import type { LayerFactsOf } from './layer-manifest.js';

export interface PackOptions {
  readonly plan: Plan;
  readonly facts: LayerFactsOf;
  /** Where files are that were found in the view. */
  readonly view: string;
  /** zstd level, 1 to 19. */
  readonly level: number;
  readonly format: ImageFormat;
  /** The file to fill, which exists and is empty. */
  readonly target: string;
  /** Where contents come from that are not those of files of the machine. */
  readonly feed?: Feed;
  /** Called with the bytes of the archive that have been compressed. */
  readonly onProgress: (bytes: number) => void;
}

/** Contents that a program writes, one after the other. */
export interface Feed {
  /**
   * The program for the contents of these records, and the records with their places in what it writes.
   * `name`: one for each call.
   */
  of<T extends PlannedRecord>(
    name: string,
    records: readonly T[],
    rangeOf?: (record: T) => readonly [from: number, to: number],
  ): { readonly argv: readonly string[]; readonly records: readonly (T & InStream)[] };
}

export interface PackedLayer {
  readonly manifest: LayerManifest;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Files that changed while they were read. */
  readonly changed: readonly string[];
  /** Files that were removed or replaced: nothing of them is included. */
  readonly replaced: readonly string[];
}

/** Whether Ctrl-C ended the parts: it may reach one before the program that waits for it. */
export function wasInterrupted(machine: RunningSystem, parts: readonly PartResult[]): boolean {
  return machine.interrupted() || parts.some(({ code }) => code === 128 + SIGINT);
}

/** The files that a packer reports. */
export function notesOf({ stderr }: PartResult): Pick<PackedLayer, 'changed' | 'replaced'> {
  const lines = stderr.split('\0').filter((line) => line !== '');
  const marked = (mark: string): string[] =>
    lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(1));
  return { changed: marked(IS_CHANGED), replaced: marked(IS_REPLACED) };
}

/** Why parts failed, if any did: the first is the packer. */
export function failureOf(parts: readonly PartResult[]): Problem | undefined {
  const failed = parts.filter(({ code }, i) => code !== 0 && !(i === 0 && code === CHANGED));
  if (failed.length === 0) return undefined;
  // A program that ends early ends the one that writes to it.
  const others = failed.filter(({ code }) => code !== 128 + SIGPIPE);
  const bad = others.length === 0 ? failed : others;
  const notRun = bad.map((part) => whyNotRun(part.argv, part)).find((cause) => cause !== undefined);
  if (notRun !== undefined) return notRun.problem;
  return {
    code: 'packing-failed',
    what: 'cannot pack the layer',
    why: bad
      .map(({ argv, code, stderr }) => `${programOf(argv)} (exit code ${code}): ${shortened(stderr)}`)
      .join('\n'),
    next: wasKilled(bad)
      ? 'RAM ran out: use a lower --level, or stop other programs'
      : 'see dmesg; nothing was saved',
  };
}

/** Whether the kernel killed one of the parts, as it does when RAM runs out. */
export function wasKilled(parts: readonly PartResult[]): boolean {
  return parts.some(({ code }) => code === 128 + SIGKILL);
}

/** The first lines, each once: a program may repeat itself a thousand times. */
function shortened(text: string): string {
  return [...new Set(text.trim().split('\n'))].slice(0, 5).join('\n');
}

/** The program behind a shell, or behind the assignment that env(1) makes for it. */
function programOf(argv: readonly string[]): string | undefined {
  if (argv[0] === 'sh') return 'zstd';
  return argv[0] === 'env' ? argv[2] : argv[0];
}

const SIGINT = 2;
const SIGKILL = 9;
const SIGPIPE = 13;
