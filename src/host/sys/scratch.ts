/** Folders for work in progress: removed on every way out, and those of a killed run by the next one. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PREFIX = 'scratch-';

export interface Scratch {
  readonly path: string;
  /** Remove it with all its content. */
  readonly remove: () => void;
}

/** Make a scratch folder below `parent` (made if missing), after removing those whose process is gone. */
export function makeScratch(parent: string): Scratch {
  mkdirSync(parent, { recursive: true });
  removeStale(parent);
  const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^scratch-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}
