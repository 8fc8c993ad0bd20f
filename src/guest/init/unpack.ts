/**
 * Unpacks an image into a folder. bsdtar unpacks segments, decompressing in the same process; GNU cpio
 * unpacks archives of other tools. The exit code of both shows if an archive ended early
 * (notes/unpacking.md).
 */
import { newcTrailer } from '../../core/archive/cpio.js';
import { PARAM } from '../../core/contract.js';
import { encodeRaw, HEAD_SIZE } from '../../core/image/image.js';
import type { Manifest } from '../../core/image/manifest.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { processors } from '../processors.js';
import { whyNotRun } from '../ran.js';
import type { Finished, GuestSystem, PartResult, Pipeline } from '../system.js';
import { notRunProblem } from './bug.js';
import { type ImageFile, unreadableImage } from './images.js';
import type { Place } from './jail.js';
import { isFull } from './ram.js';
import { remedyOf } from './remedies.js';

const CPIO = [
  ...['cpio', '--extract', '--preserve-modification-time', '--quiet', '--no-absolute-filenames'],
  '--io-size=65536',
];
/** For whole trees. Without these, a missing folder or an existing file is an error. */
const WHOLE = ['--make-directories', '--unconditional'];

/**
 * bsdtar in blocks of 64 KiB (128 times 512 bytes), with owners, modes and times. It recognises zstd and
 * newc. Names are taken as they are: those that escape the folder end in the jail, so that bsdtar need not
 * check them.
 */
const BSDTAR = [
  ...['bsdtar', '--extract', '-S', '--same-owner', '--same-permissions', '--absolute-paths'],
  // Neither comes from an image's archive: an overlay's own marks are attributes.
  ...['--no-xattrs', '--no-acls', '--block-size', '128', '--file', '-'],
];

/** Decompresses. Threads for reading and writing would only take time from parallel ones. */
export const ZSTD = ['zstd', '-dq', '--no-asyncio'];

/** dd in pieces that fit a pipe: they are still in the processor's cache when they are read from it. */
const DD = ['dd', 'bs=64k', 'status=none'];

/**
 * cpio for a stream with its own trailer: what follows it is read to the end, so that zstd is not cut off.
 */
const AND_DRAIN = '"$@"; code=$?; cat >/dev/null; exit $code';

/** Called with the bytes of the archive that have been unpacked so far. */
export type OnProgress = (bytes: number) => void;

/**
 * Unpacks all segments in parallel, which create missing folders: the largest first, so that all processors
 * end at about the same time. Each segment is cut out of the file by dd and gets a trailer of its own, so
 * that an archive that ends early is noticed in each of them.
 */
export function unpackSegments(
  machine: GuestSystem,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
  onProgress: OnProgress,
): Result<void> {
  const pipelines = segmentPipelines(image.path, manifest, place);
  const bytes = (index: number): number => manifest.segments[index]?.bytes ?? 0;
  const order = [...pipelines.keys()].sort((a, b) => bytes(b) - bytes(a));
  const inOrder = order.map((index) => pipelines[index] as Pipeline);
  let problem: Problem | undefined;
  let done = 0;
  machine.pipelines(inOrder, processors(machine), (at, parts) => {
    const index = order[at] as number;
    problem ??= failureOf(machine, image, parts, index, pipelines.length);
    done += bytes(index);
    if (problem === undefined) onProgress(done);
    return problem === undefined;
  });
  return problem === undefined ? ok() : err(problem);
}

/**
 * Unpacks the first segment, which contains the folders, again: adding to a folder changes its time, and only
 * now do the times last.
 */
export function settleFolders(
  machine: GuestSystem,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
): Result<void> {
  const [first, ...others] = segmentPipelines(image.path, manifest, place) as [Pipeline, ...Pipeline[]];
  return unpackOne(machine, image, first, 1 + others.length);
}

/** Unpacks an archive made here. */
export function unpackWhole(machine: GuestSystem, archive: Uint8Array, { enter, folder }: Place): Finished {
  return machine.run([...enter, ...BSDTAR, '--directory', folder], { input: archive });
}

/** Unpacks an archive of other tools as one stream. */
export function unpackStream(machine: GuestSystem, image: ImageFile, place: Place): Result<void> {
  const parts = [[...DD, `if=${image.path}`], [...ZSTD, '-c'], drained(place)];
  return unpackOne(machine, image, { parts, cwd: '/' });
}

/** Runs one pipeline, of the first of `segments`. */
function unpackOne(
  machine: GuestSystem,
  image: ImageFile,
  pipeline: Pipeline,
  segments?: number,
): Result<void> {
  let problem: Problem | undefined;
  machine.pipelines([pipeline], 1, (_, parts) => {
    problem = failureOf(machine, image, parts, 0, segments);
    return true;
  });
  return problem === undefined ? ok() : err(problem);
}

/** The pipelines that unpack the segments, in the order of the file. */
function segmentPipelines(file: string, manifest: Manifest, place: Place): Pipeline[] {
  let offset = HEAD_SIZE;
  // As if it were the segment's own end.
  const trailer = encodeRaw(newcTrailer());
  return manifest.segments.map((segment, i) => {
    const range = [`skip=${offset}`, `count=${segment.size}`, 'iflag=skip_bytes,count_bytes,fullblock'];
    offset += segment.size;
    const last = i === manifest.segments.length - 1;
    return {
      cwd: '/',
      ...(last ? {} : { followedBy: trailer }),
      parts: [
        [...DD, `if=${file}`, ...range],
        [...place.enter, ...BSDTAR, '--directory', place.folder],
      ],
    };
  });
}

/** cpio's argv for unpacking into existing folders, replacing nothing. */
export function cpioOnto({ enter, folder }: Place): string[] {
  return [...enter, ...CPIO, '-D', folder];
}

/** Unpacks a whole tree with cpio, and reads the input to its end. */
function drained(place: Place): string[] {
  return ['sh', '-c', AND_DRAIN, 'sh', ...cpioOnto(place), ...WHOLE];
}

/**
 * Every part must succeed silently: cpio reports some losses only as warnings. Which part complained shows
 * whether the medium, the file or a lack of room is the cause; parts that only lost their neighbour (SIGPIPE)
 * do not count.
 */
function failureOf(
  machine: GuestSystem,
  image: ImageFile,
  parts: readonly PartResult[],
  segment = 0,
  segments = 1,
): Problem | undefined {
  if (parts.every((part) => part.code === 0 && part.stderr === '')) return undefined;
  const notRun = parts.map((part) => whyNotRun(part.argv, part)).find((cause) => cause !== undefined);
  if (notRun !== undefined) return { where: image.shown, ...notRunProblem(notRun) };
  const read = parts[0] as PartResult;
  const unpacked = parts.at(-1) as PartResult;
  const readWords = wordsOf(read);
  if (readWords !== '') return unreadableImage(image, readWords);
  // bsdtar does not report why it cannot create a folder on the way to a file.
  if (/No space left on device/.test(unpacked.stderr) || isFull(machine)) {
    return {
      code: 'ram-full',
      what: 'the RAM file system is full',
      where: image.shown,
      why: wordsOf(unpacked),
      next: `give the machine more RAM, or raise ${PARAM.size}`,
    };
  }
  return {
    code: 'unpacking-failed',
    what: 'cannot unpack the image',
    where: segments > 1 ? `${image.shown}, segment ${segment + 1} of ${segments}` : image.shown,
    why: parts.map(wordsOf).filter(Boolean).join('\n'),
    next: parts.map(({ code }) => remedyOf(code)).find((remedy) => remedy !== undefined) ?? DAMAGED,
  };
}

const DAMAGED = 'the image is damaged or truncated: copy or build it again';

/** What a part of a pipeline complained about; empty if it did not. */
function wordsOf({ argv, code, stderr }: PartResult): string {
  const alone = /^(dd: .*Broken pipe\s*)?$/.test(stderr);
  if (alone && (code === 0 || code === 128 + SIGPIPE || stderr !== '')) return '';
  const program = argv.find((word) => PROGRAMS.includes(word)) ?? argv[0];
  const lines = stderr.split('\n').filter((line) => line !== '' && line !== BSDTAR_END);
  return `${program} (exit code ${code}): ${lines.slice(-3).join('\n')}`;
}

const PROGRAMS = ['dd', 'zstd', 'cpio', 'bsdtar'];
const SIGPIPE = 13;

/** bsdtar's last line after any error; it carries no information. */
const BSDTAR_END = 'bsdtar: Error exit delayed from previous errors.';
