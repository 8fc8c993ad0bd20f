/**
 * The partitions of a disk as the kernel knows them (sysfs): it reads a table when it is asked to, not when
 * the table changes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';
import { type Part, SECTOR } from './layout.js';

/**
 * The node of a partition of a disk; `undefined` where the kernel has none: of a file, or before its table
 * was read. Where the kernel has another one in its place, the table is read again; a Problem if it cannot
 * be.
 */
export async function partitionNode(
  target: string,
  part: Part,
  signal?: AbortSignal,
): Promise<Result<string | undefined>> {
  const read = isStale(target, part) ? await rereadTable(target, part, signal) : ok();
  return read.ok ? ok(nodeOf(target, part)) : read;
}

/** Has the kernel read the table of a disk again; a Problem if it keeps an older one. */
export async function rereadTable(target: string, part: Part, signal?: AbortSignal): Promise<Result<void>> {
  // Fails while a partition is in use, and where a disk can have none, as some loop devices: that is no harm.
  const done = await run({ file: 'blockdev', args: ['--rereadpt', target] }, { signal });
  return isStale(target, part) ? err(stale(target, done.ok ? undefined : done.problem.why)) : ok();
}

interface Known extends Part {
  readonly node: string;
}

function nodeOf(target: string, part: Part): string | undefined {
  const node = known(target).find((one) => isSame(one, part))?.node;
  return node !== undefined && existsSync(node) ? node : undefined;
}

function isStale(target: string, part: Part): boolean {
  return known(target).some((one) => overlaps(one, part) && !isSame(one, part));
}

function isSame(one: Part, other: Part): boolean {
  return one.start === other.start && one.bytes === other.bytes;
}

function overlaps(one: Part, other: Part): boolean {
  return one.start < other.start + other.bytes && other.start < one.start + one.bytes;
}

/** All of them; sysfs counts in sectors of 512 bytes, whatever the disk's are. */
function known(target: string): Known[] {
  const disk = basename(target);
  const folder = join('/sys/class/block', disk);
  if (!target.startsWith('/dev/') || !existsSync(folder)) return [];
  const number = (name: string, of: string): number =>
    Number(readFileSync(join(folder, name, of), 'utf8')) * SECTOR;
  return readdirSync(folder)
    .filter((name) => name.startsWith(disk) && existsSync(join(folder, name, 'start')))
    .map((name) => ({ node: `/dev/${name}`, start: number(name, 'start'), bytes: number(name, 'size') }));
}

function stale(target: string, why = 'it read it again, and has other partitions'): Problem {
  return {
    code: 'partition-table-stale',
    what: 'the kernel still has an older partition table of this disk',
    where: target,
    why,
    next: `end what uses its partitions, then run: blockdev --rereadpt ${target}; or detach it and attach it again`,
  };
}
