/** What is below the upper directory at some paths, in the form of a layer whose contents can be read. */
import type { TreeEntry } from '../../../core/archive/tree.js';
import type { SourceEntry, SourceTree } from '../../../core/layers/merge/source.js';
import { isBelow } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import {
  attributesInView,
  deviceNumbers,
  dumpOf,
  find,
  partWhiteouts,
  sortAttributes,
} from '../directory.js';
import type { ContentSource } from '../layers/merge/feed.js';
import type { Merged } from '../merged.js';

/** The lower directories at these paths, and with all that is in `whole`. */
export function lowerSource(
  machine: RunningSystem,
  { below, isMounted }: Merged,
  paths: readonly string[],
  whole: readonly string[],
): ContentSource & { readonly tree: SourceTree } {
  const others = paths.filter((path) => !whole.some((one) => path === one || isBelow(path, one)));
  const listed = find(machine, below, others, 'themselves').concat(
    whole.length === 0 ? [] : find(machine, below, topmost(whole), 'everything'),
  );
  const devices = deviceNumbers(machine, below, listed);
  const { entries } = partWhiteouts(listed, devices);
  const dump = dumpOf(
    machine,
    below,
    entries.map(({ path }) => path),
  );
  const inodes = new Map<string, number>();
  const toSource = (entry: TreeEntry, at: number): SourceEntry => {
    const { path, type, mode, uid, gid, mtime, size, target, nlink } = entry;
    const key = `${entry.fileSystem}:${entry.ino}`;
    const ino = inodes.get(key) ?? inodes.size + 1;
    inodes.set(key, ino);
    const device = devices.get(path);
    return {
      ...{ path, type, mode, uid, gid, mtime, size, target, nlink, ino, at },
      ...(device === undefined ? {} : { device: [device.major, device.minor] as const }),
    };
  };
  const tree: SourceTree = {
    entries: new Map(entries.map((entry, i) => [entry.path, toSource(entry, i)])),
    attributes: isMounted ? attributesInView(dump) : sortAttributes(dump).attributes,
    ...{ whiteouts: new Set(), opaque: new Set(), metadata: new Map(), texts: new Map() },
  };
  return { tree, contents: {}, place: below };
}

/** Folders that are in none of the others. */
function topmost(folders: readonly string[]): string[] {
  return folders.filter((path) => !folders.some((one) => isBelow(path, one)));
}
