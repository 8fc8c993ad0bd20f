/** Whose tree it is: root's, or that of a plain user who built it without root, whose numbers are shifted. */
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { type IdMaps, inUserNamespace, keepsIds, presentMaps } from './user-namespace.js';

/** Name of the ids in the record of the stage that made a tree. */
const IDS = 'ids on disk';

/** What a record says of the owners of a tree made here: nothing where they are the machine's own. */
export function idsFact(): Record<string, string> {
  const maps = presentMaps();
  return maps === undefined ? {} : { [IDS]: JSON.stringify(maps) };
}

/**
 * Fails if a tree is not this process's own. Its root folder belongs to whoever made it, root of a user
 * namespace included, and only for that one its other owners are those of the machine. `record`: outputs
 * recorded of the tree; with other subordinate ids than then, its owners would be others. A missing tree is
 * fine.
 */
export function requireOwnTree(path: string, record: Readonly<Record<string, string>> = {}): Result<void> {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return ok();
  const problem = { code: 'tree-of-other-user', where: path } as const;
  if (info.uid !== (process.getuid?.() ?? 0)) return err({ ...problem, ...foreign(path, info.uid) });
  const [then, now] = [record[IDS], presentMaps()];
  if (then === undefined || now === undefined || keepsIds(now, JSON.parse(then) as IdMaps)) return ok();
  return err({
    ...problem,
    what: `${basename(path)} was built with other subordinate ids`,
    why: 'the ranges in /etc/subuid and /etc/subgid have changed since: its files would have wrong owners',
    next: 'restore the ranges, or remove it: sudo mkma clean --trees --discard-edits',
  });
}

function foreign(path: string, uid: number): Pick<Problem, 'what' | 'why' | 'next'> {
  const what = `${basename(path)} belongs to somebody else`;
  if (inUserNamespace()) {
    return {
      what,
      why: 'root built it, or another user: without root its files cannot be changed',
      next: 'build with sudo as before, into another folder with --output, or remove it: sudo mkma clean --trees',
    };
  }
  return {
    what,
    why: `user ${uid} built it without root: its files have that user's subordinate ids as owners`,
    next: 'build as that user, without sudo, or into another folder with --output',
  };
}
