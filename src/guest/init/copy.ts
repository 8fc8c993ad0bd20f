/**
 * Copies an image into a file in RAM: bypassing the page cache if possible, with several programs if the
 * medium is fast enough.
 */
import { err, ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { processors } from '../processors.js';
import type { GuestSystem, PartResult } from '../system.js';
import { type ImageFile, unreadableImage } from './images.js';
import { programFailed, remedyOf } from './remedies.js';
import { say } from './say.js';

/** Bytes per read: enough for a device, and few enough for the buffer to stay in the processor's cache. */
const BLOCK = 2 ** 20;

/** The first part, one of this many, measures the speed of the medium. */
const FIRST_OF = 16;
/** A copy that takes longer than this many seconds is cut into parts, and progress is printed after each. */
const PARTS = 4;
const PATIENCE = 1;

/**
 * Bytes per second that no single hard disk reaches: a faster medium may be read in several places at once,
 * since no head has to move. One program then reads while another writes.
 */
const NO_HEADS = 300e6;
/**
 * Writes to one file are serialised (generic_file_write_iter in Linux's mm/filemap.c): more copies at a time
 * hardly gain.
 */
const MOST_SIDE_BY_SIDE = 3;
/** Resolution of the clock in seconds (proc_uptime(5)). */
const CLOCK_STEP = 0.01;

/** Blocks of the image: the first, and the one after the last. */
type Range = readonly [from: number, to: number];

/**
 * Copies the first `bytes` of the image into `file`, which is created, and prints progress if that takes
 * long.
 */
export function copyIntoRam(
  machine: GuestSystem,
  image: ImageFile,
  kind: 'base' | 'layer',
  file: string,
  bytes: number,
): Result<void> {
  const start = machine.uptime();
  const blocks = Math.ceil(bytes / BLOCK);
  // Bypassing the page cache, which would only hold a second copy. Not every file system and device supports
  // it.
  let direct = true;
  let seconds = 0;
  for (let from = 0, to: number; from < blocks; from = to) {
    const ranges = nextRanges(machine, from, blocks, seconds);
    to = (ranges.at(-1) as Range)[1];
    const copyAll = (): PartResult | undefined =>
      sideBySide(
        machine,
        ranges.map((range) => copyCommand(image.path, file, range, bytes, direct)),
      );
    let failed = copyAll();
    if (failed !== undefined && direct) {
      direct = false;
      failed = copyAll();
    }
    if (failed !== undefined) return err(notCopied(image, kind, failed));
    seconds = machine.uptime() - start;
    if (seconds > PATIENCE && to < blocks) {
      const copied = to * BLOCK;
      const share = Math.floor((100 * copied) / bytes);
      say(machine, `  ${share} %, ${formatBytes(copied)}, ${formatBytes(copied / seconds)}/s`);
    }
  }
  const size = machine.info(file)?.size;
  return size === bytes ? ok() : err(unreadableImage(image, ''));
}

/** The ranges to copy next, in parallel, given that all blocks before `from` took `seconds`. */
function nextRanges(machine: GuestSystem, from: number, blocks: number, seconds: number): Range[] {
  if (from === 0) return [[0, Math.ceil(blocks / FIRST_OF)]];
  const quick = (seconds / from) * blocks < PATIENCE;
  const range: Range = [from, quick ? blocks : Math.min(from + Math.ceil(blocks / PARTS), blocks)];
  const rate = (from * BLOCK) / Math.max(seconds, CLOCK_STEP);
  return rate > NO_HEADS ? split(range, Math.min(processors(machine), MOST_SIDE_BY_SIDE)) : [range];
}

/** Splits a range into at most `count` of about the same size. */
function split([from, to]: Range, count: number): Range[] {
  const each = Math.ceil((to - from) / count);
  const ranges: Range[] = [];
  for (let at = from; at < to; at += each) ranges.push([at, Math.min(at + each, to)]);
  return ranges;
}

/** Runs programs in parallel; returns one that failed, if any did. */
function sideBySide(machine: GuestSystem, commands: readonly (readonly string[])[]): PartResult | undefined {
  let failed: PartResult | undefined;
  const pipelines = commands.map((argv) => ({ parts: [argv] }));
  machine.pipelines(pipelines, commands.length, (_, parts) => {
    failed ??= parts.find(({ code }) => code !== 0);
    return failed === undefined;
  });
  return failed;
}

function copyCommand(
  path: string,
  file: string,
  [from, to]: Range,
  bytes: number,
  direct: boolean,
): string[] {
  const count = Math.min(to * BLOCK, bytes) - from * BLOCK;
  const flags = ['count_bytes', 'fullblock', ...(direct ? ['direct'] : [])].join(',');
  return [
    ...['dd', `if=${path}`, `of=${file}`, `bs=${BLOCK}`, `skip=${from}`, `seek=${from}`],
    ...[`count=${count}`, `iflag=${flags}`, 'conv=notrunc', 'status=none'],
  ];
}

function notCopied(image: ImageFile, kind: 'base' | 'layer', done: PartResult) {
  const words = `dd (exit code ${done.code}): ${done.stderr.trim()}`;
  return remedyOf(done.code) === undefined
    ? unreadableImage(image, words)
    : programFailed(`cannot copy the ${kind} into RAM`, image, 'dd', done);
}
