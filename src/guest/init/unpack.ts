/**
 * Unpacking an image into a folder. GNU cpio does it: natively as fast as busybox's when it reads in blocks of 64 KiB, and
 * it alone tells by its exit code that an archive ended early (notes/unpacking.md).
 */
import { HEAD_SIZE } from '../../core/image.js';
import type { Manifest } from '../../core/manifest.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Machine, PartResult, Pipeline } from '../machine.js';
import { type ImageFile, unreadableImage } from './images.js';
import type { Place } from './jail.js';
import { TRAILER_FRAME } from './places.js';

const CPIO = [
  ...['cpio', '--extract', '--preserve-modification-time', '--quiet', '--no-absolute-filenames'],
  '--io-size=65536',
];
/** For whole trees. Without them what has no folder, or is there already, is an error. */
const WHOLE = ['--make-directories', '--unconditional'];

/** Decompress standard input. Threads for reading and writing would only take time from those that work side by side. */
const ZSTD = ['zstd', '-dcq', '--no-asyncio'];

/** dd in pieces that a pipe holds: they are still in the processor's cache when zstd reads them. */
const DD = ['dd', 'bs=64k', 'status=none'];

/** cpio for a stream that holds its own trailer: what follows it is read to the end, so that zstd is not cut off. */
const AND_DRAIN = '"$@"; code=$?; cat >/dev/null; exit $code';

/** What failed where the content was more than the RAM file system takes. */
export const RAM_FULL = 'the RAM file system is full';

/** Called with the bytes of the archive that have been unpacked so far. */
export type OnProgress = (bytes: number) => void;

/**
 * Unpack by segments: the first, with the folders, by itself, then the others side by side. Each is cut out of the
 * file by dd and gets a trailer of its own, so that an archive which ends early is noticed in every one of them.
 */
export function unpackSegments(
  machine: Machine,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
  onProgress: OnProgress,
): Result<void> {
  const pipelines = segmentPipelines(image.path, manifest, place);
  const [first, ...others] = pipelines as [Pipeline, ...Pipeline[]];
  let problem: Problem | undefined;
  let done = 0;
  const runAll = (list: readonly Pipeline[], offset: number): void =>
    machine.pipelines(list, processors(machine), (index, parts) => {
      problem ??= failureOf(image, parts, offset + index, pipelines.length);
      done += manifest.segments[offset + index]?.bytes ?? 0;
      if (problem === undefined) onProgress(done);
      return problem === undefined;
    });
  runAll([first], 0);
  if (problem === undefined) runAll(others, 1);
  return problem === undefined ? ok() : err(problem);
}

/** Unpack an archive of other tools as one stream. */
export function unpackStream(machine: Machine, image: ImageFile, place: Place): Result<void> {
  let problem: Problem | undefined;
  const parts = [[...DD, `if=${image.path}`], ZSTD, drained(place)];
  machine.pipelines([{ parts, cwd: '/' }], 1, (_, results) => {
    problem = failureOf(image, results);
    return true;
  });
  return problem === undefined ? ok() : err(problem);
}

/** The pipelines that unpack the segments, in the order of the file. */
export function segmentPipelines(file: string, manifest: Manifest, place: Place): Pipeline[] {
  let offset = HEAD_SIZE;
  return manifest.segments.map((segment, i) => {
    const range = [`skip=${offset}`, `count=${segment.size}`, 'iflag=skip_bytes,count_bytes,fullblock'];
    offset += segment.size;
    const last = i === manifest.segments.length - 1;
    return {
      cwd: '/',
      parts: [
        [...DD, `if=${file}`, ...range],
        [...ZSTD, '-', ...(last ? [] : [TRAILER_FRAME])],
        last ? drained(place) : cpio(place),
      ],
    };
  });
}

/** cpio's argv for unpacking there, into folders that are there, onto nothing. */
export function cpioOnto({ enter, folder }: Place): string[] {
  return [...enter, ...CPIO, '-D', folder];
}

/** cpio's argv for unpacking a whole tree there. */
function cpio(place: Place): string[] {
  return [...cpioOnto(place), ...WHOLE];
}

function drained(place: Place): string[] {
  return ['sh', '-c', AND_DRAIN, 'sh', ...cpio(place)];
}

/**
 * Every part must have ended well and in silence: cpio counts some losses as warnings only. Which part complained tells
 * whether the medium, the file or the room is at fault; those that only lost their neighbour (SIGPIPE) are not asked.
 */
function failureOf(
  image: ImageFile,
  parts: readonly PartResult[],
  segment = 0,
  segments = 1,
): Problem | undefined {
  if (parts.every((part) => part.code === 0 && part.stderr === '')) return undefined;
  const [read, , unpacked] = parts as [PartResult, PartResult, PartResult];
  const readWords = wordsOf(read);
  if (readWords !== '') return unreadableImage(image, readWords);
  if (/No space left on device/.test(unpacked.stderr)) {
    return {
      what: RAM_FULL,
      where: image.shown,
      why: wordsOf(unpacked),
      next: 'give the machine more RAM, or a larger share of it',
    };
  }
  return {
    what: 'cannot unpack the image',
    where: segments > 1 ? `${image.shown}, segment ${segment + 1} of ${segments}` : image.shown,
    why: parts.map(wordsOf).filter(Boolean).join('\n'),
    next: 'the image is damaged or was not copied whole: copy or build it again',
  };
}

/** What a part of a pipeline complained of; empty where it did not. */
function wordsOf({ argv, code, stderr }: PartResult): string {
  const alone = /^(dd: .*Broken pipe\s*)?$/.test(stderr);
  if (alone && (code === 0 || code === 128 + SIGPIPE || stderr !== '')) return '';
  const program = argv.find((word) => PROGRAMS.includes(word)) ?? argv[0];
  return `${program} (exit code ${code}): ${stderr.trim().split('\n').slice(-3).join('\n')}`;
}

const PROGRAMS = ['dd', 'zstd', 'cpio'];
const SIGPIPE = 13;

function processors(machine: Machine): number {
  const count = Number(machine.run(['nproc']).stdout.trim());
  return Number.isInteger(count) && count > 0 ? count : 1;
}
