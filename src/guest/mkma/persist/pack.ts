/**
 * Writes a layer's file piece by piece: each frame is read by a packer and compressed by a zstd of its own,
 * in parallel, into RAM, and appended in the order of the archive.
 */

import { newcTrailer } from '../../../core/archive/cpio.js';
import { FORMAT_VERSION } from '../../../core/contract.js';
import type { Plan } from '../../../core/image/archive-plan.js';
import { identity, type LayerManifest, type Segment } from '../../../core/image/manifest.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { memoryInfo } from '../../meminfo.js';
import { must, mustMakeFolder } from '../../must.js';
import { CHANGED, type FramePlan, IS_REPLACED } from '../../packer/plan.js';
import { processors } from '../../processors.js';
import { whyNotRun } from '../../ran.js';
import type { PartResult, Pipeline, RunningSystem } from '../../system.js';
import { FRESH } from '../view.js';
import { makeAliases } from './aliases.js';
import { Assembly } from './assembly.js';
import { INTERRUPTED } from './interrupted.js';
import { WORK } from './work.js';

/** Bytes of archive after which a frame ends, and its segment continues in another. */
const FRAME = 64 * 2 ** 20;
/** Most RAM of a zstd at levels up to 19, with its frame (zstd 1.5: 8 MiB of window), in bytes. */
const ZSTD_RAM = 160 * 2 ** 20;
const ZSTD = ['--single-thread', '--no-asyncio', '--check', '-q'];

/** The part of the manifest that packing does not determine. */
type LayerFactsOf = Pick<
  LayerManifest,
  'name' | 'created' | 'mkma' | 'suite' | 'architecture' | 'kernelRelease' | 'layer' | 'records'
>;

export interface PackOptions {
  readonly plan: Plan;
  readonly facts: LayerFactsOf;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** The file to fill, which exists and is empty. */
  readonly target: string;
  /** Called with the bytes of the archive that have been compressed. */
  readonly onProgress: (bytes: number) => void;
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

/** Fills the file. A problem if a program failed, most likely because the medium is full. */
export function packLayer(machine: RunningSystem, options: PackOptions): Result<PackedLayer> {
  mustMakeFolder(machine, WORK, 0o700);
  must(machine, ['mount', '-t', 'tmpfs', '-o', 'mode=0700,size=100%', 'mkma-work', WORK]);
  try {
    return pack(machine, options);
  } finally {
    machine.run(['umount', WORK]);
  }
}

/** A frame in progress: bytes `from` to `to` of a segment. */
interface Frame {
  readonly segment: number;
  readonly from: number;
  readonly to: number;
}

/** Cuts segments into frames, the last of them the trailer alone, so that all others stay free of it. */
function framesOf(plan: Plan): Frame[] {
  const frames: Frame[] = [];
  for (const [segment, { bytes }] of [...plan.segments, { bytes: newcTrailer().length }].entries()) {
    for (let from = 0; from < bytes; from += FRAME)
      frames.push({ segment, from, to: Math.min(bytes, from + FRAME) });
  }
  return frames;
}

function pack(machine: RunningSystem, options: PackOptions): Result<PackedLayer> {
  const { plan, facts, level, target, onProgress } = options;
  const frames = framesOf(plan);
  const assembly = new Assembly(machine, target);
  const changed = new Set<string>();
  const replaced = new Set<string>();
  const waiting = new Set<number>();
  let problem: Problem | undefined;
  let next = 0;
  let done = 0;
  machine.pipelines(pipelinesOf(machine, plan, frames, level), lanes(machine), (index, parts) => {
    // Ctrl-C may reach a part before the program that waits for it.
    const ended = machine.interrupted() || parts.some(({ code }) => code === 128 + SIGINT);
    problem ??= ended ? INTERRUPTED : failureOf(parts);
    if (problem !== undefined) return false;
    for (const line of (parts[0] as PartResult).stderr.split('\0')) {
      if (line !== '') (line.startsWith(IS_REPLACED) ? replaced : changed).add(line.slice(1));
    }
    waiting.add(index);
    for (; waiting.delete(next); next++) {
      const sum = (machine.readText(`${WORK}/frame.${next}.sum`) ?? '').slice(0, 64);
      assembly.frame(`${WORK}/frame.${next}`, sum, frames[next] as Frame);
    }
    const { from, to } = frames[index] as Frame;
    done += to - from;
    onProgress(done);
    problem ??= assembly.problem;
    return problem === undefined;
  });
  if (machine.interrupted()) problem = INTERRUPTED;
  if (problem !== undefined) return err(problem);
  const segments = assembly.segments().map((segment, i) => ({
    ...segment,
    records: plan.segments[i]?.records.length ?? 0,
  }));
  const manifest = manifestOf(machine, plan, facts, segments);
  assembly.end(manifest);
  const { total: bytes } = assembly;
  return assembly.problem === undefined
    ? ok({ manifest, bytes, changed: [...changed], replaced: [...replaced] })
    : err(assembly.problem);
}

/** $0 is the frame's file; zstd's arguments follow. */
const COMPRESS = 'zstd "$@" -o "$0" && exec sha256sum "$0" >"$0.sum"';

/** A packer and its zstd for each frame; the plan of each is written when it starts. */
function* pipelinesOf(
  machine: RunningSystem,
  plan: Plan,
  frames: readonly Frame[],
  level: number,
): Generator<Pipeline> {
  const aliases = makeAliases(machine, plan);
  const write = (name: string, content: string | Uint8Array): void => {
    if (!machine.write(`${WORK}/${name}`, content)) throw new Error(`cannot write ${WORK}/${name}`);
  };
  for (const [i, { segment, from, to }] of frames.entries()) {
    if (machine.interrupted()) return;
    const zstd = ['sh', '-c', COMPRESS, `frame.${i}`, ...ZSTD, `-${level}`, `--stream-size=${to - from}`];
    const records = plan.segments[segment]?.records;
    if (records === undefined) {
      write('trailer', newcTrailer());
      yield { cwd: WORK, parts: [['cat', 'trailer'], zstd] };
      continue;
    }
    const own: FramePlan = { from, to, root: FRESH, records, aliases };
    write(`plan.${i}`, JSON.stringify(own));
    yield { cwd: WORK, parts: [['qjs', '-m', '/usr/lib/mkma/pack.js', `plan.${i}`], zstd] };
  }
}

function manifestOf(
  machine: RunningSystem,
  plan: Plan,
  facts: LayerFactsOf,
  segments: Segment[],
): LayerManifest {
  const { layer, ...common } = facts;
  const content = { segments, attributes: plan.attributes, layer };
  const digest = must(machine, ['sha256sum'], { input: identity(content) }).slice(0, 64);
  return {
    format: FORMAT_VERSION,
    needs: plan.attributes.length > 0 ? ['attributes'] : [],
    id: `sha256:${digest}`,
    kind: 'layer',
    ...common,
    ...{ unpackedBytes: plan.unpackedBytes, inodes: plan.inodes, root: plan.root },
    ...content,
  };
}

function failureOf(parts: readonly PartResult[]): Problem | undefined {
  const bad = parts.filter(({ code }, i) => code !== 0 && !(i === 0 && code === CHANGED));
  if (bad.length === 0) return undefined;
  const notRun = bad.map((part) => whyNotRun(part.argv, part)).find((cause) => cause !== undefined);
  if (notRun !== undefined) return notRun.problem;
  const killed = bad.some(({ code }) => code === 128 + SIGKILL);
  return {
    code: 'packing-failed',
    what: 'cannot pack the layer',
    why: bad
      .map(
        ({ argv, code, stderr }) =>
          `${argv[0] === 'sh' ? 'zstd' : argv[0]} (exit code ${code}): ${stderr.trim()}`,
      )
      .join('\n'),
    next: killed
      ? 'RAM ran out: use a lower --level, or stop other programs'
      : 'see dmesg; nothing was saved',
  };
}

const SIGINT = 2;
const SIGKILL = 9;

/**
 * Number of frames to work on at a time: as many as processors and RAM allow, and one more, since some wait
 * for this program or for each other.
 */
function lanes(machine: RunningSystem): number {
  return Math.max(
    1,
    Math.min(processors(machine) + 1, Math.floor(memoryInfo(machine, 'MemAvailable') / ZSTD_RAM)),
  );
}
