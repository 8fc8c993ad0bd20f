/** Folders for work in progress: removed on every way out, and those of a killed run by the next one. */
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { tryLockFolder, waitLockFolder } from './lock.js';
import { removeTree } from './remove.js';

const PREFIX = 'scratch-';

export interface Scratch {
  readonly path: string;
  /** Remove it with all its content. Throws MountInTree where somebody has mounted something in it. */
  readonly remove: () => void;
}

/**
 * Make a scratch folder below `parent` (made if missing), after removing those whose process is gone. Its process holds a lock on each:
 * a process's number says nothing, since another may have it by now, or in another container. Fails where locking fails; throws
 * MountInTree where somebody has mounted something in one of those.
 */
export async function makeScratch(parent: string, signal: AbortSignal): Promise<Result<Scratch>> {
  mkdirSync(parent, { recursive: true });
  // Nobody else looks while there is one that has no lock yet.
  const alone = await waitLockFolder(parent, signal);
  if (!alone.ok) return alone;
  using _alone = alone.value;
  const removed = await removeStale(parent, signal);
  if (!removed.ok) return removed;
  const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  const held = await tryLockFolder(path);
  if (!held.ok) {
    removeTree(path);
    return held;
  }
  const lock = held.value;
  const remove = (): void => {
    try {
      removeTree(path);
    } finally {
      lock?.[Symbol.dispose]();
    }
  };
  return ok({ path, remove });
}

async function removeStale(parent: string, signal: AbortSignal): Promise<Result<void>> {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    const lock = await tryLockFolder(path, signal);
    if (!lock.ok) return lock;
    if (lock.value === undefined) continue;
    using _held = lock.value;
    removeTree(path);
  }
  return ok();
}
