/** Folders for work in progress: removed on every way out, and those of a killed run by the next one. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from './remove.js';

const PREFIX = 'scratch-';

export interface Scratch {
  readonly path: string;
  /** Remove it with all its content. Throws MountInTree where somebody has mounted something in it. */
  readonly remove: () => void;
}

/**
 * Make a scratch folder below `parent` (made if missing), after removing those whose process is gone. Throws MountInTree where somebody has
 * mounted something in one of those.
 */
export function makeScratch(parent: string): Scratch {
  mkdirSync(parent, { recursive: true });
  removeStale(parent);
  const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  return { path, remove: () => removeTree(path) };
}

function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^scratch-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    removeTree(join(parent, name));
  }
}
