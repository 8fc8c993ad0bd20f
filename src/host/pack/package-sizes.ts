/** How much of a packed tree is of which package, by dpkg's lists of files. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeEntry } from '../../core/archive/tree.js';
import { INFO } from '../../core/records/packages.js';
import { decodeName } from '../../core/text/path.js';

/** Bytes of files, as they are packed. */
export interface PackageSize {
  /** A package, or what its files are otherwise. */
  readonly name: string;
  readonly bytes: number;
}

type Packed = Pick<TreeEntry, 'path' | 'type' | 'size' | 'nlink' | 'ino' | 'fileSystem'>;

/** The kernel lies beside dpkg (docs/decisions/0003). */
const MODULES = { folder: 'usr/lib/modules/', name: 'kernel modules' };
const OTHER = 'files of no package';
/** Folders that are links since Debian 12 (usrmerge), and that lists name nevertheless. */
const MERGED = /^(bin|sbin|lib|lib32|lib64|libx32)\//;

/**
 * The largest packages of the tree at `root`, at most `limit`, of what is packed of it. A file that several
 * packages list counts for one of them.
 */
export function largestPackages(root: string, packed: readonly Packed[], limit = 10): PackageSize[] {
  const owners = new Map<string, string>();
  const merged = lstatSync(join(root, 'lib'), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  for (const { name, paths } of listsIn(root))
    for (const path of paths) owners.set(merged && MERGED.test(path) ? `usr/${path}` : path, name);
  const bytes = new Map<string, number>();
  const seen = new Set<string>();
  for (const { path, type, size, nlink, ino, fileSystem } of packed) {
    if (type !== 'f') continue;
    // A further name of a file takes no room.
    const file = `${fileSystem} ${ino}`;
    if (nlink > 1 && seen.has(file)) continue;
    if (nlink > 1) seen.add(file);
    const owner = owners.get(path) ?? (path.startsWith(MODULES.folder) ? MODULES.name : OTHER);
    bytes.set(owner, (bytes.get(owner) ?? 0) + size);
  }
  const largest = [...bytes].map(([name, size]) => ({ name, bytes: size }));
  largest.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  return largest.slice(0, limit);
}

function listsIn(root: string) {
  const folder = join(root, INFO);
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.list'));
  return names.map((file) => {
    const lines = decodeName(readFileSync(join(folder, file))).split('\n');
    // Of each path the part behind the first slash.
    return { name: file.replace(/(:[a-z0-9]+)?\.list$/, ''), paths: lines.map((line) => line.slice(1)) };
  });
}
