/** The folders of a cache, which root and a plain user may share: whose they are, and whether they work. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { shellQuote } from '../sys/command.js';
import { giveTo, type Owner } from '../sys/files.js';
import { inUserNamespace } from '../sys/user-namespace.js';

/** Locks, entries, packages as downloaded, work in progress. */
const FOLDERS = ['locks', 'stages', 'debs', 'lists', 'tmp'];

/**
 * Creates what is missing of a cache, and resolves to the owner of what is put there: root gives it to the
 * owner of the folder, who may build without root. A new folder belongs to the owner of the one it is in.
 * Fails if the cache or a part of it cannot be written to.
 */
export function prepareCache(cache: string): Result<Owner | undefined> {
  let at = cache;
  try {
    makeFolders(cache);
    const owner = ownerFor(cache);
    for (at of [cache, ...FOLDERS.map((name) => join(cache, name))]) {
      if (!existsSync(at)) {
        mkdirSync(at);
        giveTo(at, owner);
      }
      accessSync(at, constants.W_OK | constants.X_OK);
    }
    return ok(owner);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') return err(unusable(cache, WORDS[code] ?? message));
    const uid = ownerOf(at);
    const whose = uid === undefined || uid === ownUid() ? '' : `: ${at} belongs to ${nameOf(uid)}`;
    const chown = whose === '' ? '' : `, or take it over: sudo chown -R "$USER": ${shellQuote(cache)}`;
    return err(unusable(cache, `permission denied${whose}`, chown));
  }
}

/**
 * Whether somebody else can change what machines are built from. `failure`: anybody can; else another user,
 * who is neither this one nor `caller`, the user behind sudo.
 */
export function foreignCache(cache: string, caller: Owner | undefined): Problem | undefined {
  const next = 'name another one with --cache, or correct its owner and mode: chown -R, chmod go-w';
  const problem = { code: 'cache-foreign', what: 'others can change this cache', next } as const;
  for (const where of [cache, ...FOLDERS.map((name) => join(cache, name))]) {
    const info = statSync(where, { throwIfNoEntry: false });
    if (info === undefined) continue;
    if ((info.mode & 0o002) !== 0)
      return { ...problem, where, why: 'any user can write to it', kind: 'failure' };
    if (inUserNamespace() || [ownUid(), caller?.uid].includes(info.uid)) continue;
    const why = `it belongs to ${nameOf(info.uid)}, who can change what is built here`;
    return { ...problem, where, why, kind: 'partial' };
  }
  return undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  EROFS: 'its file system is mounted read-only',
  ENOTDIR: 'a parent is not a folder',
  EEXIST: 'it is not a folder',
  ENOSPC: 'its file system is full',
};

function unusable(cache: string, why: string, more = '') {
  return {
    code: 'cache-folder-unusable',
    what: 'cannot use the cache folder',
    where: cache,
    why,
    next: `name another one with --cache${more}`,
  } as const;
}

function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  mkdirSync(path, { mode: 0o755 });
  giveTo(path, ownerFor(dirname(path)));
}

/** Whether a file is another user's, whom root alone can stand in for: it is neither read nor removed. */
export function isForeign({ uid }: { readonly uid: number }): boolean {
  return inUserNamespace() ? uid !== 0 : ownUid() !== 0 && uid !== ownUid();
}

/** The owner of what root puts into the folder; `undefined`: as created. */
function ownerFor(folder: string): Owner | undefined {
  const { uid, gid } = statSync(folder);
  return ownUid() === 0 && uid !== 0 && !inUserNamespace() ? { uid, gid } : undefined;
}

/** The owner of a folder; `undefined` if there is none, or it cannot be looked up. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}

/** In a user namespace, users without a mapping are all shown as one. */
function nameOf(uid: number): string {
  return inUserNamespace() ? 'root or another user' : `user ${uid}`;
}
