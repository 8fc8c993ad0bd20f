/** Walks through a tree that is another machine's: symlinks are never followed. */
import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What is below a folder, as paths on this host in byte order. None if it is a symlink to one. */
export interface Below {
  /** Everything but folders: files, symlinks, devices. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Not readdir's own recursion: some versions of Node.js follow links to folders. */
export function below(folder: string): Below {
  const files: string[] = [];
  const folders: string[] = [];
  const waiting = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? [folder] : [];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (!isFolder(entry, path)) files.push(path);
      else {
        folders.push(path);
        waiting.push(path);
      }
    }
  }
  return { files: files.sort(), folders: folders.sort() };
}

/** Some file systems do not report the type with the name. */
function isFolder(entry: Dirent, path: string): boolean {
  const known = entry.isFile() || entry.isSymbolicLink() || entry.isDirectory();
  return known ? entry.isDirectory() : lstatSync(path).isDirectory();
}
