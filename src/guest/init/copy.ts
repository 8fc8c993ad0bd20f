/** Copying an image into a file in RAM: past the page cache where that goes, by several programs where the medium keeps up. */
import { err, ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { processors } from '../processors.js';
import type { GuestSystem, PartResult } from '../system.js';
import { type ImageFile, unreadableImage } from './images.js';
import { programFailed, remedyOf } from './remedies.js';
import { say } from './say.js';

/** Bytes read at a time: enough for a device, and few enough for the buffer to stay in the processor's cache. */
const BLOCK = 2 ** 20;

/** The first of so many parts shows how fast the medium is. */
const FIRST_OF = 16;
/** Parts of what takes longer than somebody waits without a word, in seconds: how far it is can be told after each. */
const PARTS = 4;
const PATIENCE = 1;

/**
 * Bytes a second that no single disk with heads reaches: what is faster may be read in several places at the same time, since
 * no head has to go back and forth. One program then reads while another writes.
 */
const NO_HEADS = 300e6;
/** Writes to one file wait for each other (generic_file_write_iter of Linux's mm/filemap.c): more copies at a time hardly gain. */
const MOST_SIDE_BY_SIDE = 3;
/** Seconds of the clock's step (proc_uptime(5)). */
const CLOCK_STEP = 0.01;

/** Blocks of the image: the first of them, and the one after the last. */
type Range = readonly [from: number, to: number];

/** Copy the first `bytes` of the image into `file`, which is made, and tell how far it is where that takes long. */
export function copyIntoRam(
  machine: GuestSystem,
  image: ImageFile,
  file: string,
  bytes: number,
): Result<void> {
  const start = machine.uptime();
  const blocks = Math.ceil(bytes / BLOCK);
  // Past the page cache, which would only be a second copy. Not every file system and device can.
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
    if (failed !== undefined) return err(notCopied(image, failed));
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

/** What to copy next, at the same time, where all blocks before `from` took so many seconds. */
function nextRanges(machine: GuestSystem, from: number, blocks: number, seconds: number): Range[] {
  if (from === 0) return [[0, Math.ceil(blocks / FIRST_OF)]];
  const quick = (seconds / from) * blocks < PATIENCE;
  const range: Range = [from, quick ? blocks : Math.min(from + Math.ceil(blocks / PARTS), blocks)];
  const rate = (from * BLOCK) / Math.max(seconds, CLOCK_STEP);
  return rate > NO_HEADS ? split(range, Math.min(processors(machine), MOST_SIDE_BY_SIDE)) : [range];
}

/** A range in at most so many of about the same size. */
function split([from, to]: Range, count: number): Range[] {
  const each = Math.ceil((to - from) / count);
  const ranges: Range[] = [];
  for (let at = from; at < to; at += each) ranges.push([at, Math.min(at + each, to)]);
  return ranges;
}

/** Run programs at the same time; one that failed, if any did. */
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

function notCopied(image: ImageFile, done: PartResult) {
  const words = `dd (exit code ${done.code}): ${done.stderr.trim()}`;
  return remedyOf(done.code) === undefined
    ? unreadableImage(image, words)
    : programFailed('cannot copy the base into RAM', image, 'dd', done);
}
