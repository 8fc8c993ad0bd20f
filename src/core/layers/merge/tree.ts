/**
 * Layers as one: what it must have so that it shows the same as they do together, whatever is below. Pure
 * algebra of lower directories (kernel: Documentation/filesystems/overlayfs.rst).
 */
import type { FileAttributes } from '../../archive/attributes.js';
import type { FileMetadata } from '../../image/manifest.js';
import { sortByName } from '../../text/path.js';
import type { SourceEntry, SourceTree } from './source.js';

/** What the merged layer has at a path. */
export interface MergedEntry extends SourceEntry {
  /** The layer that has its content, by its number from the lowest. */
  readonly source: number;
  /** The path under which that layer has it, and all names that share its inode: one number each. */
  readonly inode: string;
}

/** A merged layer. All sorted by path. */
export interface MergedTree {
  readonly entries: readonly MergedEntry[];
  readonly deletions: readonly string[];
  readonly opaque: readonly string[];
  readonly metadata: readonly FileMetadata[];
  readonly attributes: readonly FileAttributes[];
  /** Files of which two layers have the metadata, for different contents below: they cannot be one. */
  readonly conflicts: readonly string[];
}

/**
 * Whether the content of a lower one of the layers is the one that the metadata of a higher one belongs to:
 * otherwise a boot applies none of it.
 */
export type IsContentOf = (
  metadata: FileMetadata,
  content: { readonly source: number; readonly entry: SourceEntry },
  source: number,
) => boolean;

interface Node {
  entry?: MergedEntry;
  metadata?: FileMetadata;
  values?: FileAttributes['values'];
  whiteout?: boolean;
  opaque?: boolean;
  children?: Map<string, Node>;
}

/**
 * Merges layers, the lowest first. `emptied`: folders of which boots may show what they hide; then what is
 * deleted in them still counts.
 */
export function mergeTrees(
  sources: readonly SourceTree[],
  isContentOf: IsContentOf,
  emptied: ReadonlySet<string> = new Set(),
): MergedTree {
  const merging = new Merging(isContentOf);
  for (const [i, source] of sources.entries()) merging.add(source, i);
  return merging.finish(emptied);
}

class Merging {
  private readonly root: Node = {};
  private readonly conflicts: string[] = [];

  constructor(private readonly isContentOf: IsContentOf) {}

  add(tree: SourceTree, source: number): void {
    for (const path of tree.whiteouts) {
      const node = this.at(path);
      clear(node);
      delete node.opaque;
      node.whiteout = true;
    }
    // Every folder before what is in it.
    for (const entry of sortByName([...tree.entries.values()], ({ path }) => (path === '.' ? '' : path))) {
      const node = this.at(entry.path);
      const covers = entry.type !== 'd' || tree.opaque.has(entry.path);
      // What was no folder hides those below it, for this one as well.
      const onOther = node.whiteout === true || (node.entry !== undefined && node.entry.type !== 'd');
      if (covers || onOther) clear(node);
      if (entry.type !== 'd') delete node.opaque;
      else if (covers || onOther) node.opaque = true;
      delete node.metadata;
      node.entry = { ...entry, source, inode: `${source}:${entry.ino}` };
      put(node, tree.attributes.get(entry.path));
    }
    for (const metadata of tree.metadata.values()) {
      this.addMetadata(metadata, tree.attributes.get(metadata.path), source);
    }
  }

  private addMetadata(
    metadata: FileMetadata,
    values: FileAttributes['values'] | undefined,
    source: number,
  ): void {
    const { path, mode, uid, gid, mtime } = metadata;
    const { node, hidden } = this.find(path);
    const { entry } = node;
    if (node.whiteout === true || hidden) {
      // Nothing below can be its content. What is not there was only looked for.
      if (entry === undefined) return;
    }
    if (entry === undefined) {
      if (node.metadata !== undefined && node.metadata.sha256 !== metadata.sha256) this.conflicts.push(path);
      node.metadata = metadata;
      put(node, values);
      return;
    }
    if (entry.type !== 'f' || !this.isContentOf(metadata, { source: entry.source, entry }, source)) return;
    // A file of its own: a change of metadata alone breaks a hard link.
    node.entry = { ...entry, mode, uid, gid, mtime, nlink: 1, inode: `${source}:metadata:${path}` };
    put(node, values);
  }

  /** The place of a path, which is made. */
  private at(path: string): Node {
    return this.find(path).node;
  }

  /** The same, and whether a folder above it hides what is below. */
  private find(path: string): { readonly node: Node; readonly hidden: boolean } {
    let node = this.root;
    if (path === '.') return { node, hidden: false };
    let hidden = false;
    for (const name of path.split('/')) {
      hidden ||= node.opaque === true || node.whiteout === true;
      node.children ??= new Map();
      let next = node.children.get(name);
      if (next === undefined) {
        next = {};
        node.children.set(name, next);
      }
      node = next;
    }
    return { node, hidden };
  }

  finish(emptied: ReadonlySet<string>): MergedTree {
    const entries: MergedEntry[] = [];
    const deletions: string[] = [];
    const opaque: string[] = [];
    const metadata: FileMetadata[] = [];
    const attributes: FileAttributes[] = [];
    const walk = (node: Node, path: string, hidden: boolean): void => {
      const { entry, values } = node;
      if (entry !== undefined) entries.push(entry);
      // Where all below is hidden, there is nothing left to hide.
      if (node.whiteout === true && !hidden) deletions.push(path);
      if (node.opaque === true && !hidden) opaque.push(path);
      if (node.metadata !== undefined) metadata.push(node.metadata);
      const hides = hidden || (node.opaque === true && !emptied.has(path));
      const has = entry !== undefined || node.metadata !== undefined;
      if (has && values !== undefined) attributes.push({ path, values });
      for (const [name, child] of node.children ?? []) {
        walk(child, path === '.' ? name : `${path}/${name}`, hides);
      }
    };
    walk(this.root, '.', false);
    const byPath = <T extends { readonly path: string }>(all: T[]): T[] =>
      sortByName(all, ({ path }) => (path === '.' ? '' : path));
    const plain = (all: string[]): string[] => sortByName(all, (path) => path);
    return {
      entries: counted(byPath(entries)),
      ...{ deletions: plain(deletions), opaque: plain(opaque), metadata: byPath(metadata) },
      ...{ attributes: byPath(attributes), conflicts: plain(this.conflicts) },
    };
  }
}

/** Nothing of what lower layers have there and in it is left. */
function clear(node: Node): void {
  for (const key of ['entry', 'metadata', 'values', 'whiteout', 'children'] as const) delete node[key];
}

function put(node: Node, values: FileAttributes['values'] | undefined): void {
  if (values === undefined) delete node.values;
  else node.values = values;
}

/** With the number of names that each inode has left. */
function counted(entries: readonly MergedEntry[]): MergedEntry[] {
  const names = new Map<string, number>();
  for (const { inode } of entries) names.set(inode, (names.get(inode) ?? 0) + 1);
  return entries.map((entry) =>
    entry.type === 'd' ? entry : { ...entry, nlink: names.get(entry.inode) ?? 1 },
  );
}
