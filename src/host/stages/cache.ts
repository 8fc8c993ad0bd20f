/** The cache of stages that do not depend on one output folder: one folder an entry, named by the digest of its inputs. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../core/result.js';
import { flush, writeFileWhole } from '../sys/files.js';
import { makeScratch } from '../sys/scratch.js';
import { digestInputs, type Inputs } from './book.js';

/** Entries not used for so many days are removed when a new one of their kind is made. */
const KEEP_DAYS = 30;

export interface CacheEntry {
  /** Folder with the entry's files. */
  readonly path: string;
  /** Names the content: another content, another id. */
  readonly id: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
}

export interface CacheRequest {
  /** Kind of entry, the first part of its name. */
  readonly kind: string;
  readonly inputs: Inputs;
  /** Make it even where it is there. */
  readonly refresh: boolean;
  /** Fills the folder and resolves to the id of what it put there. */
  readonly make: (folder: string) => Promise<Result<string>>;
}

/** Where the entry of these inputs is, if it is there. */
export function findEntry(cache: string, kind: string, inputs: Inputs): CacheEntry | undefined {
  const path = entryPath(cache, kind, inputs);
  try {
    const { id, at } = JSON.parse(readFileSync(join(path, 'entry.json'), 'utf8')) as CacheEntry;
    return { path, id, at };
  } catch {
    return undefined;
  }
}

/** Take the entry from the cache, or make it. A failed or interrupted make leaves nothing behind. */
export async function cached(cache: string, request: CacheRequest): Promise<Result<CacheEntry>> {
  const { kind, inputs } = request;
  const found = request.refresh ? undefined : findEntry(cache, kind, inputs);
  if (found !== undefined) {
    utimesSync(found.path, new Date(), new Date());
    return { ok: true, value: found };
  }
  const scratch = makeScratch(join(cache, 'stages'));
  try {
    const made = join(scratch.path, 'entry');
    mkdirSync(made);
    const id = await request.make(made);
    if (!id.ok) return id;
    const at = new Date().toISOString();
    writeFileWhole(join(made, 'entry.json'), JSON.stringify({ id: id.value, at, inputs }, null, 2));
    for (const name of readdirSync(made)) flush(join(made, name));
    const path = entryPath(cache, kind, inputs);
    if (existsSync(path)) renameSync(path, join(scratch.path, 'old'));
    renameSync(made, path);
    flush(join(cache, 'stages'));
    prune(join(cache, 'stages'), `${kind}-`);
    return { ok: true, value: { path, id: id.value, at } };
  } finally {
    scratch.remove();
  }
}

function entryPath(cache: string, kind: string, inputs: Inputs): string {
  return join(cache, 'stages', `${kind}-${digestInputs(inputs).slice(0, 20)}`);
}

function prune(folder: string, prefix: string): void {
  const oldest = Date.now() - KEEP_DAYS * 86_400_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith(prefix) && statSync(path).mtimeMs < oldest)
      rmSync(path, { recursive: true, force: true });
  }
}
