/** Folders for work in progress: removed at every exit, and those of a killed run by the next one. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { type Lock, tryLockFolder, waitLockFolder } from './lock.js';
import { removeTree } from './remove.js';

const NAME = /^scratch-\d+-/;

export interface Scratch {
  readonly path: string;
  /** Removes it with all its content. Throws MountInTree if something is mounted in it. */
  readonly remove: () => void;
}

/** A scratch folder with the lock that marks it as in use. */
interface Held {
  readonly path: string;
  readonly lock: Lock;
}

/**
 * Creates a scratch folder below `parent` (created if missing), after removing those whose process is gone.
 * Its process holds a lock on each: a PID would not do, since another process may have it by now, or in
 * another container. Fails if locking fails; throws MountInTree if something is mounted in one of those,
 * Interrupted if the signal is aborted.
 */
export async function makeScratch(parent: string, signal: AbortSignal): Promise<Result<Scratch>> {
  const removed = await removeStale(parent, signal);
  if (!removed.ok) return removed;
  const own = await alone(parent, signal, () => makeHeld(parent, signal));
  if (!own.ok) return own;
  return ok({ path: own.value.path, remove: () => removeHeld(own.value) });
}

/** Scratch folders below `parent` whose process is gone. */
export async function staleScratch(parent: string, signal: AbortSignal): Promise<Result<string[]>> {
  const stale = await alone(parent, signal, () => holdStale(parent, signal));
  if (!stale.ok) return stale;
  for (const { lock } of stale.value) lock[Symbol.dispose]();
  return ok(stale.value.map(({ path }) => path));
}

/** Removes those below `parent` whose process is gone, as {@link makeScratch} does. */
export async function removeStale(parent: string, signal: AbortSignal): Promise<Result<void>> {
  const stale = await alone(parent, signal, () => holdStale(parent, signal));
  if (!stale.ok) return stale;
  // Without the lock on the parent, since there may be gigabytes.
  for (const held of stale.value) removeOthers(held);
  return ok();
}

/** Runs it while nobody else creates or takes a scratch folder there. */
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

/**
 * Those no longer in use, now locked. What has another name or is not a folder belongs to somebody else, and
 * stays.
 */
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
    what: 'the scratch folder disappeared',
    where: path,
    why: 'another program removed or locked it as soon as it was created',
    next: 'find what else uses this folder, then try again',
  });
}

/** That of another user stays for its owner, or for root, to remove. */
function removeOthers(held: Held): void {
  try {
    removeHeld(held);
  } catch (cause) {
    if (!['EACCES', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
  }
}

function removeHeld({ path, lock }: Held): void {
  try {
    removeTree(path);
  } finally {
    lock[Symbol.dispose]();
  }
}
