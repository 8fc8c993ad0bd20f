/** What is below the upper directory of an overlay: lower directories as one view (kernel: overlayfs.rst). */
import type { FileAttributes } from '../archive/attributes.js';
import type { TreeEntry } from '../archive/tree.js';
import { parentOf } from '../text/path.js';

/** What is known of a lower directory: the paths that were looked up. */
export interface LowerDirectory {
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** Paths that it deletes from those below it. */
  readonly whiteouts: ReadonlySet<string>;
  /** Folders that hide the contents they have below. */
  readonly opaque: ReadonlySet<string>;
  /** Extended attributes of its folders, by path. */
  readonly attributes: ReadonlyMap<string, FileAttributes['values']>;
  /** Of a snapshot of this boot: files of which it has the metadata alone. */
  readonly metadataOnly?: ReadonlySet<string>;
}

/** The entry that a path shows, and the layers whose folders are merged there, the highest first. */
interface Seen {
  readonly entry: TreeEntry;
  readonly layer: LowerDirectory;
  readonly merged: readonly LowerDirectory[];
}

export class LowerView {
  private readonly seen = new Map<string, Seen | undefined>();
  private readonly names = new Map<LowerDirectory, Map<string, string[]>>();

  /** `layers`: the highest first. Each knows the root, and every folder above a path that it knows. */
  constructor(private readonly layers: readonly LowerDirectory[]) {}

  /** The entry that the path shows; `undefined` if there is none. */
  at(path: string): TreeEntry | undefined {
    return this.look(path)?.entry;
  }

  /** The number of the layer whose entry the path shows, counted from the highest. */
  layerAt(path: string): number | undefined {
    const seen = this.look(path);
    return seen === undefined ? undefined : this.layers.indexOf(seen.layer);
  }

  /** Extended attributes of the folder that the path shows. */
  attributesAt(path: string): FileAttributes['values'] {
    return this.look(path)?.layer.attributes.get(path) ?? {};
  }

  /** Whether the path shows a file whose content is in a lower directory, not in a snapshot of this boot. */
  hasRealContent(path: string): boolean {
    for (const layer of path === '.' ? [] : (this.look(parentOf(path))?.merged ?? [])) {
      if (layer.whiteouts.has(path)) return false;
      const entry = layer.entries.get(path);
      if (entry === undefined) continue;
      if (entry.type !== 'f') return false;
      if (layer.metadataOnly?.has(path) !== true) return layer.metadataOnly === undefined;
    }
    return false;
  }

  /** Known paths in a folder, each once; in no order. */
  children(path: string): string[] {
    const found = new Set<string>();
    for (const layer of this.look(path)?.merged ?? []) {
      for (const child of this.namesOf(layer).get(path) ?? []) {
        if (this.at(child) !== undefined) found.add(child);
      }
    }
    return [...found];
  }

  private look(path: string): Seen | undefined {
    if (!this.seen.has(path)) this.seen.set(path, this.find(path));
    return this.seen.get(path);
  }

  private find(path: string): Seen | undefined {
    // The contents of a folder are looked up in the layers that form it: others may have a link of that name.
    const above = path === '.' ? this.layers : (this.look(parentOf(path))?.merged ?? []);
    const merged: LowerDirectory[] = [];
    for (const layer of above) {
      const entry = layer.entries.get(path);
      if (entry === undefined) {
        if (layer.whiteouts.has(path)) break;
        continue;
      }
      if (entry.type !== 'd') {
        if (merged.length === 0) return { entry, layer, merged };
        break;
      }
      merged.push(layer);
      if (layer.opaque.has(path)) break;
    }
    const top = merged[0];
    return top === undefined ? undefined : { entry: top.entries.get(path) as TreeEntry, layer: top, merged };
  }

  private namesOf(layer: LowerDirectory): Map<string, string[]> {
    const known = this.names.get(layer);
    if (known !== undefined) return known;
    const names = new Map<string, string[]>();
    for (const path of layer.entries.keys()) {
      if (path === '.') continue;
      const parent = parentOf(path);
      const siblings = names.get(parent);
      if (siblings === undefined) names.set(parent, [path]);
      else siblings.push(path);
    }
    this.names.set(layer, names);
    return names;
  }
}
