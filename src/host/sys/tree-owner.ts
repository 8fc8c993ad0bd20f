/** Whose tree it is: root's, or that of a plain user who built it without root, whose numbers are shifted. */
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { inUserNamespace } from './user-namespace.js';

/**
 * Fails if a tree is not this process's own: its root folder belongs to root wherever it was made, and only
 * where it was made its other owners are what the machine's are. A missing tree is fine.
 */
export function requireOwnTree(path: string): Result<void> {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined || info.uid === 0) return ok();
  const rootless = inUserNamespace();
  return err({
    code: 'tree-of-other-user',
    what: `${basename(path)} belongs to somebody else`,
    where: path,
    why: rootless
      ? 'root built it, or another user: without root its files cannot be changed'
      : `user ${info.uid} built it without root: its files have that user's subordinate ids as owners`,
    next: rootless
      ? 'build with sudo as before, or into another folder with --output'
      : 'build as that user, without sudo, or into another folder with --output',
  });
}
