/** A tree's accounts and dpkg database, for the manifest of a base. */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { packageLines } from '../../core/records/packages.js';
import {
  comparable,
  isPlain,
  NAME_FILES,
  NO_FILE,
  parseNames,
  RECORD_FILES,
  type Records,
} from '../../core/records/records.js';
import { decodeName, encodeName } from '../../core/text/path.js';

/** Reads them all. Symlinks are not followed: they may escape the tree. */
export function recordsOf(root: string): Records {
  const files: Record<string, string | null> = {};
  const texts = new Map<string, string>();
  for (const path of RECORD_FILES) {
    const stat = lookAt(root, path);
    if (stat?.isFile() !== true) {
      files[path] = stat === undefined ? null : NO_FILE;
      continue;
    }
    const bytes = readFileSync(join(root, path));
    const counts = isPlain(path) ? bytes : encodeName(comparable(path, decodeName(bytes)));
    files[path] = createHash('sha256').update(counts).digest('hex');
    if (path === NAME_FILES.users || path === NAME_FILES.groups) texts.set(path, decodeName(bytes));
  }
  const names = (path: string) => parseNames(texts.get(path) ?? '');
  return { files, users: names(NAME_FILES.users), groups: names(NAME_FILES.groups) };
}

/** The tree's installed packages, for the manifest of a base. */
export function packagesIn(root: string): string {
  if (lookAt(root, STATUS)?.isFile() !== true) return '';
  return packageLines(decodeName(readFileSync(join(root, STATUS))));
}

/** dpkg's database of what is installed (dpkg(1), FILES). */
const STATUS = 'var/lib/dpkg/status';

/** What is at a path whose parents are real folders; `undefined` if there is nothing. */
function lookAt(root: string, path: string): Stats | undefined {
  const parts = path.split('/');
  for (let i = 1; i < parts.length; i++) {
    const above = lstatSync(join(root, ...parts.slice(0, i)), { throwIfNoEntry: false });
    if (above?.isDirectory() !== true) return undefined;
  }
  return lstatSync(join(root, path), { throwIfNoEntry: false });
}
