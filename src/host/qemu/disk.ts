/**
 * The virtual machine's storage device: an ext4 file system in a sparse file, with the base in the folder
 * /mkma. `mkma run` keeps its disk, so that what the machine writes there (persistence layers) persists.
 */
import { existsSync, readFileSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { formatBytes } from '../../core/text/size.js';
import type { Context } from '../context.js';
import { stage } from '../stage.js';
import { giveTo, type Owner } from '../sys/files.js';
import { freeInExt4, makeExt4, putInExt4, removeInExt4, repairExt4, statInExt4 } from './ext4.js';

/** How the machine finds its disk: the same for all, since no machine ever has two of them. */
export const VM_DISK = {
  uuid: '6d6b6d61-0000-4000-8000-000000000001',
  label: 'mkma',
  folder: 'mkma',
} as const;

/** Room on a new disk besides the base. */
const ROOM = 2 * 2 ** 30;
/** What an ext4 file system of this size needs for itself, generously. */
const MARGIN = 64 * 2 ** 20;

export interface DiskOptions {
  /** The base's file. */
  readonly base: string;
  /** Folder for the disk; the caller holds its lock. */
  readonly folder: string;
  /** Starts over, losing what the machine wrote. */
  readonly fresh?: boolean;
  readonly owner?: Owner | undefined;
}

/** The path of a folder's disk. */
export function diskFile(folder: string): string {
  return join(folder, 'disk.img');
}

/**
 * Creates the disk, or updates an existing one to the present base, keeping everything else on it. Returns
 * its path.
 */
export async function prepareDisk(options: DiskOptions, context: Context): Promise<Result<string>> {
  const file = diskFile(options.folder);
  const base = statSync(options.base);
  if (options.fresh === true || !existsSync(file)) {
    return stage(context, 'disk', 'creating a disk with the base', () =>
      makeDisk(options, file, base, context),
    );
  }
  const present = await statInExt4(file, `/${VM_DISK.folder}/${basename(options.base)}`, context.signal);
  if (!present.ok) return present;
  if (present.value?.size === base.size && readStamp(options.folder) === stampOf(base)) return ok(file);
  const older = present.value?.size ?? 0;
  const update = () => updateDisk(options, file, base, older, context);
  return stage(context, 'disk', 'the base has changed', update, () => 'everything else on the disk was kept');
}

async function makeDisk(
  options: DiskOptions,
  file: string,
  base: Stats,
  { signal }: Context,
): Promise<Result<string>> {
  const temporary = `${file}.new`;
  try {
    const size = Math.ceil((base.size + ROOM + MARGIN) / 2 ** 20) * 2 ** 20;
    const made = await makeExt4(temporary, size, VM_DISK, signal);
    if (!made.ok) return made;
    const put = await putBase(options, temporary, base, signal);
    if (!put.ok) return put;
    giveTo(temporary, options.owner);
    rmSync(stampFile(options.folder), { force: true });
    renameSync(temporary, file);
    writeStamp(options, base);
  } finally {
    rmSync(temporary, { force: true });
  }
  return ok(file);
}

async function updateDisk(
  options: DiskOptions,
  file: string,
  base: Stats,
  older: number,
  { signal }: Context,
): Promise<Result<string>> {
  // Without a stamp an interrupted update is repeated.
  rmSync(stampFile(options.folder), { force: true });
  const repaired = await repairExt4(file, signal);
  if (!repaired.ok) return err({ ...repaired.problem, ...STALE_DISK });
  // Of the other format: the machine would find two bases.
  for (const other of BASE_NAMES.filter((name) => name !== basename(options.base))) {
    const removed = await removeInExt4(file, `/${VM_DISK.folder}/${other}`, signal);
    if (!removed.ok) return removed;
  }
  const free = freeInExt4(file);
  if (free === undefined || free + older < base.size + MARGIN / 4) {
    return err({
      code: 'vm-disk-full',
      what: "not enough room for the new base on the virtual machine's disk",
      where: resolve(file),
      why: `the base takes ${formatBytes(base.size)}, ${formatBytes((free ?? 0) + older)} are free`,
      next: STALE_DISK.next,
    });
  }
  const put = await putBase(options, file, base, signal);
  if (!put.ok) return put;
  writeStamp(options, base);
  return ok(file);
}

const STALE_DISK = {
  next: 'mkma run --fresh-disk makes a new disk (layers and files written by the machine are lost)',
};

function putBase(
  options: DiskOptions,
  file: string,
  base: Stats,
  signal: AbortSignal,
): Promise<Result<void>> {
  const from = resolve(dirname(options.base));
  const put = { from, name: basename(options.base), into: VM_DISK.folder, size: base.size };
  return putInExt4(resolve(file), put, signal);
}

/** Records beside the disk which base it has: the disk itself does not keep the original's mtime. */
function stampFile(folder: string): string {
  return join(folder, 'disk.base');
}

function stampOf(base: Stats): string {
  return `${base.size} ${base.mtimeMs}\n`;
}

function readStamp(folder: string): string | undefined {
  try {
    return readFileSync(stampFile(folder), 'utf8');
  } catch {
    return undefined;
  }
}

function writeStamp(options: DiskOptions, base: Stats): void {
  const file = stampFile(options.folder);
  writeFileSync(`${file}.new`, stampOf(base));
  giveTo(`${file}.new`, options.owner);
  renameSync(`${file}.new`, file);
}
