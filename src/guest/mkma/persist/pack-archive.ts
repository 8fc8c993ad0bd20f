/**
 * Writes a layer's file piece by piece: each frame is read by a packer and compressed by a zstd of its own,
 * in parallel, into RAM, and appended in the order of the archive.
 */

import { archiveName, newcHeadSize, newcPadding, newcTrailer } from '../../../core/archive/cpio.js';
import type { Plan, PlannedRecord } from '../../../core/image/archive-plan.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { nameLength } from '../../../core/text/path.js';
import { memoryInfo } from '../../meminfo.js';
import type { FramePlan } from '../../packer/plan.js';
import { processors } from '../../processors.js';
import { COPIES } from '../../still/plan.js';
import type { PartResult, Pipeline, RunningSystem } from '../../system.js';
import { FRESH } from '../view.js';
import { makeAliases } from './aliases.js';
import { Assembly } from './assembly.js';
import { INTERRUPTED } from './interrupted.js';
import { layerManifest } from './layer-manifest.js';
import { failureOf, notesOf, type PackedLayer, type PackOptions, wasInterrupted } from './packing.js';
import { WORK } from './work.js';

/** Bytes of archive after which a frame ends, and its segment continues in another. */
const FRAME = 64 * 2 ** 20;
/** Most RAM of a zstd at levels up to 19 (zstd 1.5: 8 MiB of window), with its frame twice, in bytes. */
const ZSTD_RAM = 192 * 2 ** 20;
const ZSTD = ['--single-thread', '--no-asyncio', '--check', '-q'];

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

/** Fills the file. The work folder is mounted. */
export function packArchive(machine: RunningSystem, options: PackOptions): Result<PackedLayer> {
  const { plan, facts, target, onProgress } = options;
  const frames = framesOf(plan);
  const assembly = new Assembly(machine, target);
  const changed = new Set<string>();
  const replaced = new Set<string>();
  const waiting = new Set<number>();
  let problem: Problem | undefined;
  let next = 0;
  let done = 0;
  machine.pipelines(pipelinesOf(machine, options, frames), lanes(machine), (index, parts) => {
    problem ??= wasInterrupted(machine, parts) ? INTERRUPTED : failureOf(parts);
    if (problem !== undefined) return false;
    // Between what feeds it, if anything does, and zstd.
    const notes = notesOf(parts.at(-2) as PartResult);
    for (const path of notes.changed) changed.add(path);
    for (const path of notes.replaced) replaced.add(path);
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
  const { unpackedBytes, inodes, root, attributes } = plan;
  const needs = [
    ...(attributes.length > 0 ? ['attributes'] : []),
    ...(facts.layer.identity === undefined ? [] : ['identity']),
    ...(facts.layer.metadata === undefined ? [] : ['metadata']),
  ];
  const packed = { needs, unpackedBytes, inodes, root, segments, attributes };
  const manifest = layerManifest(machine, facts, packed);
  assembly.end(manifest);
  const { total: bytes } = assembly;
  return assembly.problem === undefined
    ? ok({ manifest, bytes, changed: [...changed], replaced: [...replaced] })
    : err(assembly.problem);
}

/** $0 is the frame's file, $1 and $2 are not used; zstd's arguments follow. */
const COMPRESS = 'shift 2; zstd "$@" -o "$0" && exec sha256sum "$0" >"$0.sum"';
/**
 * The same at a high level, which takes a hundred times as long as level 1: a frame of more than $1 bytes at
 * level 1 hardly compresses, and stays as it is. $2: bytes of its content.
 */
const COMPRESS_WELL = `most=$1 bytes=$2; shift 2
zstd ${ZSTD.join(' ')} -1 "--stream-size=$bytes" -o "$0.quick" || exit
if [ "$(stat -c %s "$0.quick")" -gt "$most" ]; then mv "$0.quick" "$0"
else zstd -dcq "$0.quick" | zstd "$@" -o "$0" && rm "$0.quick"; fi && exec sha256sum "$0" >"$0.sum"`;
/** The lowest level at which that is tried, and the share of the content above which a frame stays. */
const HIGH_LEVEL = 7;
const HARDLY = 0.9;

/** A packer and its zstd for each frame; the plan of each is written when it starts. */
function* pipelinesOf(
  machine: RunningSystem,
  { plan, view, level, feed }: Pick<PackOptions, 'plan' | 'view' | 'level' | 'feed'>,
  frames: readonly Frame[],
): Generator<Pipeline> {
  const aliases = feed === undefined ? makeAliases(machine, plan, view) : {};
  const write = (name: string, content: string | Uint8Array): void => {
    if (!machine.write(`${WORK}/${name}`, content)) throw new Error(`cannot write ${WORK}/${name}`);
  };
  for (const [i, { segment, from, to }] of frames.entries()) {
    if (machine.interrupted()) return;
    const bytes = to - from;
    const script = level >= HIGH_LEVEL ? COMPRESS_WELL : COMPRESS;
    const words = [`frame.${i}`, String(Math.floor(bytes * HARDLY)), String(bytes)];
    const zstd = ['sh', '-c', script, ...words, ...ZSTD, `-${level}`, `--stream-size=${bytes}`];
    const records = plan.segments[segment]?.records;
    if (records === undefined) {
      write('trailer', newcTrailer());
      yield { cwd: WORK, parts: [['cat', 'trailer'], zstd] };
      continue;
    }
    const fed = feed?.of(`${i}`, records, contentsIn(records, from, to));
    const own: FramePlan = {
      ...{ form: 'newc', from, to, root: FRESH, view, copies: COPIES, aliases },
      records: fed?.records ?? records,
    };
    write(`plan.${i}`, JSON.stringify(own));
    const packer = ['qjs', '-m', '/usr/lib/mkma/pack.js', `plan.${i}`];
    yield { cwd: WORK, parts: fed === undefined ? [packer, zstd] : [fed.argv, packer, zstd] };
  }
}

/** Which part of each content is among the bytes `from` to `to` of the records. */
function contentsIn(records: readonly PlannedRecord[], from: number, to: number) {
  const starts = new Map<PlannedRecord, number>();
  let at = 0;
  for (const record of records) {
    const head = newcHeadSize(nameLength(archiveName(record.path)));
    starts.set(record, at + head);
    at += head + record.size + newcPadding(record.size);
  }
  return (record: PlannedRecord): readonly [number, number] => {
    const start = starts.get(record) as number;
    return [Math.max(0, from - start), Math.min(record.size, to - start)];
  };
}

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
