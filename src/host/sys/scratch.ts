/** Folders for work in progress: removed on every way out, and those of a killed run by the next one. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { type Lock, tryLockFolder, waitLockFolder } from './lock.js';
import { removeTree } from './remove.js';

const NAME = /^scratch-\d+-/;

export interface Scratch {
  readonly path: string;
  /** Remove it with all its content. Throws MountInTree where somebody has mounted something in it. */
  readonly remove: () => void;
}

/** A scratch folder with the lock that says that it is in use. */
interface Held {
  readonly path: string;
  readonly lock: Lock;
}

/**
 * Make a scratch folder below `parent` (made if missing), after removing those whose process is gone. Its process holds a lock on each:
 * a process's number says nothing, since another may have it by now, or in another container. Fails where locking fails; throws
 * MountInTree where somebody has mounted something in one of those, Interrupted where the signal is aborted.
 */
export async function makeScratch(parent: string, signal: AbortSignal): Promise<Result<Scratch>> {
  const stale = await alone(parent, signal, () => holdStale(parent, signal));
  if (!stale.ok) return stale;
  // Others are let go on meanwhile: there may be gigabytes.
  for (const held of stale.value) removeHeld(held);
  const own = await alone(parent, signal, () => makeHeld(parent, signal));
  if (!own.ok) return own;
  return ok({ path: own.value.path, remove: () => removeHeld(own.value) });
}

/** Do it while nobody else makes or takes a scratch folder there. */
async function alone<T>(
  parent: string,
  signal: AbortSignal,
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  const lock = await waitLockFolder(parent, signal);
  if (!lock.ok) return lock;
  using _lock = lock.value;
  return await work();
}

/** Those that nobody uses any more, now locked. What has another name or is no folder is somebody else's, and stays. */
async function holdStale(parent: string, signal: AbortSignal): Promise<Result<readonly Held[]>> {
  const stale: Held[] = [];
  for (const name of readdirSync(parent).filter((one) => NAME.test(one))) {
    const path = join(parent, name);
    const lock = await tryLockFolder(path, signal);
    if (!lock.ok) return lock;
    if (lock.value !== undefined) stale.push({ path, lock: lock.value });
  }
  return ok(stale);
}

async function makeHeld(parent: string, signal: AbortSignal): Promise<Result<Held>> {
  const path = mkdtempSync(join(parent, `scratch-${process.pid}-`));
  let lock: Result<Lock | undefined> | undefined;
  try {
    lock = await tryLockFolder(path, signal);
  } finally {
    if (lock?.ok !== true || lock.value === undefined) removeTree(path);
  }
  if (!lock.ok) return lock;
  if (lock.value !== undefined) return ok({ path, lock: lock.value });
  return err({
    code: 'scratch-taken',
    what: 'the folder for work in progress is gone',
    where: path,
    why: 'another program removed or locked it as soon as it was made',
    next: 'look what works in this folder, then try again',
  });
}

function removeHeld({ path, lock }: Held): void {
  try {
    removeTree(path);
  } finally {
    lock[Symbol.dispose]();
  }
}
