/**
 * A layer's file, written piece by piece: each segment is read by a packer and compressed by a zstd of its own, side by
 * side, into RAM, and appended in the order of the archive.
 */
import type { Plan, PlannedRecord } from '../../../core/archive-plan.js';
import { concatBytes } from '../../../core/bytes.js';
import { FORMAT_VERSION } from '../../../core/contract.js';
import { newcHead, newcTrailer, S_IFLNK } from '../../../core/cpio.js';
import { encodeHead, encodeManifest, encodeSeekTable, HEAD_SIZE } from '../../../core/image.js';
import { identity, type LayerManifest, type Segment } from '../../../core/manifest.js';
import { encodeName } from '../../../core/path.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import type { Machine, PartResult } from '../../machine.js';
import { memoryInfo } from '../../meminfo.js';
import { must } from '../../must.js';
import { CHANGED, type SegmentPlan } from '../../packer/plan.js';
import { FRESH } from './scan.js';

/** For what is on its way: a RAM file system of the program's own mount namespace. */
const WORK = '/run/mkma/work';
const ALIASES = `${WORK}/names`;
/** RAM that a zstd takes at most at levels up to 19, with its segment (zstd 1.5: 8 MiB of window), in bytes. */
const ZSTD_RAM = 160 * 2 ** 20;
/** zstd's frame of nothing but the trailer, and all others, carry their content's checksum. */
const ZSTD = ['--single-thread', '--no-asyncio', '--check', '-q'];

/** What a manifest says besides what the packing itself finds out. */
export type LayerFactsOf = Pick<
  LayerManifest,
  'name' | 'created' | 'mkma' | 'suite' | 'architecture' | 'kernelRelease' | 'layer'
>;

export interface PackOptions {
  readonly plan: Plan;
  readonly facts: LayerFactsOf;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** The file to fill: it is there, and empty. */
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
}

/** Fill the file. A problem where a program failed, most likely since the medium is full. */
export function packLayer(machine: Machine, options: PackOptions): Result<PackedLayer> {
  must(machine, ['mkdir', '--parents', WORK]);
  must(machine, ['mount', '-t', 'tmpfs', '-o', 'mode=0700,size=100%', 'mkma-work', WORK]);
  try {
    return pack(machine, options);
  } finally {
    machine.run(['umount', WORK]);
  }
}

function pack(
  machine: Machine,
  { plan, facts, level, target, onProgress }: PackOptions,
): Result<PackedLayer> {
  const aliases = makeAliases(machine, plan);
  const bodies = plan.segments.map(({ records }, i) => {
    const own: SegmentPlan = { root: FRESH, records, aliases };
    if (!machine.write(`${WORK}/plan.${i}`, JSON.stringify(own)))
      throw new Error(`cannot write ${WORK}/plan.${i}`);
    return ['qjs', '-m', '/usr/lib/mkma/pack.js', `${WORK}/plan.${i}`];
  });
  // The archive's end is a segment of its own, so that all others stay free of it.
  machine.write(`${WORK}/trailer`, newcTrailer());
  const sources = [...bodies, ['cat', `${WORK}/trailer`]];
  const sizes = [...plan.segments.map(({ bytes }) => bytes), newcTrailer().length];
  const appender = new Appender(machine, target);
  appender.bytes(encodeHead());
  const changed: string[] = [];
  const segments: Segment[] = [];
  const waiting = new Set<number>();
  let problem: Problem | undefined;
  let done = 0;
  const lines = sources.map((source, i) => ({
    cwd: WORK,
    parts: [source, ['zstd', ...ZSTD, `-${level}`, `--stream-size=${sizes[i]}`, '-o', `frame.${i}`]],
  }));
  machine.pipelines(lines, lanes(machine), (index, parts) => {
    problem ??= failureOf(parts);
    if (problem !== undefined) return false;
    changed.push(...(parts[0] as PartResult).stderr.split('\n').filter((line) => line !== ''));
    waiting.add(index);
    while (waiting.delete(segments.length)) {
      const i = segments.length;
      const sha256 = must(machine, ['sha256sum', `${WORK}/frame.${i}`]).slice(0, 64);
      const size = appender.file(`${WORK}/frame.${i}`);
      segments.push({
        size,
        bytes: sizes[i] as number,
        frames: 1,
        records: plan.segments[i]?.records.length ?? 0,
        sha256,
      });
    }
    done += sizes[index] as number;
    onProgress(done);
    problem ??= appender.problem;
    return problem === undefined;
  });
  if (problem !== undefined) return err(problem);
  const manifest = manifestOf(machine, plan, facts, segments);
  const frame = encodeManifest(manifest);
  const frames = segments.map(({ size, bytes }) => ({ size, bytes }));
  appender.bytes(frame);
  appender.bytes(
    encodeSeekTable([{ size: HEAD_SIZE, bytes: 0 }, ...frames, { size: frame.length, bytes: 0 }]),
  );
  return appender.problem === undefined
    ? ok({ manifest, bytes: appender.total, changed })
    : err(appender.problem);
}

function manifestOf(machine: Machine, plan: Plan, facts: LayerFactsOf, segments: Segment[]): LayerManifest {
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

/** Puts pieces behind each other at the end of a file. */
class Appender {
  total = 0;
  problem: Problem | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly target: string,
  ) {}

  bytes(bytes: Uint8Array): void {
    const piece = `${WORK}/piece`;
    if (!this.machine.write(piece, bytes)) throw new Error(`cannot write ${piece}`);
    this.file(piece);
  }

  /** Append a file and remove it; returns its size. */
  file(path: string): number {
    if (this.problem !== undefined) return 0;
    const size = this.machine.info(path)?.size ?? 0;
    const ended = this.machine.run(['sh', '-c', 'cat "$0" >>"$1" && rm "$0"', path, this.target]);
    if (ended.code !== 0) this.problem = cannotWrite(ended.stderr.trim());
    this.total += size;
    return size;
  }
}

/** What the medium did not take. */
export function cannotWrite(words: string): Problem {
  const full = /No space left|Disk quota|File too large/.test(words);
  return {
    what: full
      ? 'the layer does not fit on the storage device'
      : 'cannot write the layer to the storage device',
    why: words,
    next: full
      ? 'save less, or make room there: mkma layers drop removes layers; nothing was saved, and what was written is removed'
      : 'look whether it is still attached and what dmesg says; nothing was saved',
  };
}

function failureOf(parts: readonly PartResult[]): Problem | undefined {
  const bad = parts.filter(({ code }, i) => code !== 0 && !(i === 0 && code === CHANGED));
  if (bad.length === 0) return undefined;
  if (bad.some(({ code }) => code === 128 + SIGINT))
    return { what: 'interrupted', next: 'nothing was saved', kind: 'interrupted' };
  const killed = bad.some(({ code }) => code === 128 + SIGKILL);
  return {
    what: 'cannot pack the layer',
    why: bad.map(({ argv, code, stderr }) => `${argv[0]} (exit code ${code}): ${stderr.trim()}`).join('\n'),
    next: killed
      ? 'RAM was used up: take a lower --level, or end other programs'
      : 'look what dmesg says; nothing was saved',
  };
}

const SIGINT = 2;
const SIGKILL = 9;

/** How many segments to work on at a time: as many as there are processors and RAM for. */
function lanes(machine: Machine): number {
  const processors = Number(machine.run(['nproc']).stdout.trim()) || 1;
  return Math.max(1, Math.min(processors, Math.floor(memoryInfo(machine, 'MemAvailable') / ZSTD_RAM)));
}

/**
 * Symbolic links with plain names to files whose own the engine cannot open, all by one program. Returns them by path;
 * the packer opens those.
 */
function makeAliases(machine: Machine, plan: Plan): Record<string, string> {
  const odd = plan.segments.flatMap(({ records }) => records).filter(isOdd);
  if (odd.length === 0) return {};
  must(machine, ['mkdir', ALIASES]);
  const records = odd.flatMap(({ path }, i) => {
    const target = encodeName(`${FRESH}/${path}`);
    const none = { uid: 0, gid: 0, nlink: 1, mtime: 0, rdevMajor: 0, rdevMinor: 0 };
    const head = newcHead({ ...none, ino: i + 1, mode: S_IFLNK | 0o777, size: target.length }, String(i));
    return [head, target, new Uint8Array((4 - (target.length & 3)) & 3)];
  });
  must(machine, ['cpio', '--extract', '--quiet'], {
    cwd: ALIASES,
    input: concatBytes([...records, newcTrailer()]),
  });
  return Object.fromEntries(odd.map(({ path }, i) => [path, `${ALIASES}/${i}`]));
}

function isOdd({ path, data }: PlannedRecord): boolean {
  return data === 'file' && /[\udc80-\udcff]/.test(path.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''));
}
