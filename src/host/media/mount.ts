/**
 * The medium's file system, mounted for a moment where only this process sees it: main.ts gave it own mounts.
 */
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';
import type { Part } from './layout.js';
import { partitionNode } from './partitions.js';

export interface Mounted {
  readonly path: string;
  /** Unmounts it: then the file system's journal is empty. */
  readonly unmount: () => Promise<Result<void>>;
}

export interface MountHow {
  readonly scratch: string;
  /** Of the mount point in there. */
  readonly name?: string;
  readonly readOnly: boolean;
}

/**
 * Mounts it below `scratch`. Where the kernel knows the partition, that is mounted: whoever else mounts it,
 * such as a save of the machine that runs from it, then shares one file system with us. Else a loop device.
 */
export async function mountStorage(
  target: string,
  part: Part,
  how: MountHow,
  signal: AbortSignal,
): Promise<Result<Mounted>> {
  const found = await partitionNode(target, part, signal);
  if (!found.ok) return found;
  const node = found.value;
  const loop = node === undefined ? ['loop', `offset=${part.start}`, `sizelimit=${part.bytes}`] : [];
  return mountAt(node ?? target, loop, how, signal);
}

/** Mounts the file system of a device below `scratch`. */
export function mountNode(node: string, how: MountHow, signal: AbortSignal): Promise<Result<Mounted>> {
  return mountAt(node, [], how, signal);
}

async function mountAt(
  source: string,
  more: readonly string[],
  { scratch, name = 'storage', readOnly }: MountHow,
  signal: AbortSignal,
): Promise<Result<Mounted>> {
  const path = join(scratch, name);
  mkdirSync(path, { recursive: true });
  const options = ['nosuid', 'nodev', 'noexec', 'noatime', readOnly ? 'ro' : 'rw', ...more];
  const args = ['-t', 'ext4', '-o', options.join(), source, path];
  const done = await run({ file: 'mount', args }, { signal });
  if (!done.ok) return done;
  const unmount = async (): Promise<Result<void>> => {
    // Without the signal: an interruption must not leave it mounted.
    const gone = await run({ file: 'umount', args: [path] });
    if (!gone.ok) return gone;
    rmdirSync(path);
    return ok();
  };
  return ok({ path, unmount });
}
