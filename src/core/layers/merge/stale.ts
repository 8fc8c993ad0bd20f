/**
 * Files of packages where a layer was not made on the ones below it: boots hide those of versions that it has
 * otherwise, and show those that it hides without having seen them. Merging does the former.
 */
import { keysOf } from '../../records/delta.js';
import { INFO, installedIn, isPackageList, STATUS, staleFiles } from '../../records/packages.js';
import { ancestorsOf } from '../../text/path.js';
import { hides, type SourceRecords } from './records.js';
import type { SourceEntry } from './source.js';

/** The layers, the lowest first, and files that boots show although a layer hides them. */
export interface WithoutStale<T> {
  readonly sources: T[];
  readonly hidden: readonly string[];
}

/** Hides files of the lower ones that boots would hide. */
export function withoutStale<T extends SourceRecords>(sources: readonly T[]): WithoutStale<T> {
  const first = sources.findIndex(({ follows }, i) => i > 0 && !follows);
  if (first < 0) return { sources: [...sources], hidden: [] };
  const lower = new Lower();
  const hidden: string[] = [];
  const made = sources.map((source, i) => {
    const stale = i < first ? [] : lower.staleBelow(source);
    if (i >= first) hidden.push(...lower.hiddenBy(source));
    lower.add(source);
    if (stale.length === 0) return source;
    const whiteouts = new Set([...source.tree.whiteouts, ...stale]);
    return { ...source, tree: { ...source.tree, whiteouts } };
  });
  return { sources: made, hidden };
}

/** What the layers so far have. */
class Lower {
  private readonly trees: SourceRecords['tree'][] = [];
  /** Lists of packages' files; `null`: deleted. */
  private readonly lists = new Map<string, string | null>();

  add({ tree, texts }: SourceRecords): void {
    this.trees.unshift(tree);
    for (const path of this.lists.keys()) if (hides(tree, path)) this.lists.set(path, null);
    for (const [path, text] of texts) if (isPackageList(path)) this.lists.set(path, text);
  }

  /** Files of packages that the layer has in another version, or none of. */
  staleBelow({ records, tree, texts }: SourceRecords): string[] {
    const delta = records.own?.[STATUS];
    if (delta === undefined) return [];
    const own = (path: string) => texts.get(path) ?? (hides(tree, path) ? null : undefined);
    const stale = staleFiles(delta, (path) => this.lists.get(path) ?? null, own);
    const names = stale.map(({ name }) => `${INFO}/${name}.`);
    const info = this.trees.flatMap(({ entries }) =>
      [...entries.keys()].filter((path) => names.some((name) => path.startsWith(name))),
    );
    return [...new Set([...stale.flatMap(({ paths }) => paths), ...info])].filter(
      (path) => this.isFile(path) && !tree.entries.has(path) && !hides(tree, path),
    );
  }

  /** Files that the layer hides, of packages that were not there when it was made. */
  hiddenBy({ records, tree, texts }: SourceRecords): string[] {
    const delta = records.own?.[STATUS];
    if (delta === undefined || tree.whiteouts.size === 0) return [];
    const known = installedIn(texts.get(STATUS) ?? '');
    const own = new Set(keysOf(delta));
    return [...this.lists].flatMap(([path, text]) => {
      const name = path.slice(INFO.length + 1, -'.list'.length);
      if (text === null || own.has(name) || known.has(name.split(':')[0] as string)) return [];
      const hidden = text
        .split('\n')
        .map((file) => file.slice(1))
        .find(
          (file) => this.isFile(file) && [file, ...ancestorsOf(file)].some((one) => tree.whiteouts.has(one)),
        );
      return hidden ?? [];
    });
  }

  private isFile(path: string): boolean {
    for (const tree of this.trees) {
      const entry: SourceEntry | undefined = tree.entries.get(path);
      if (entry !== undefined) return entry.type !== 'd';
      if (hides(tree, path)) return false;
    }
    return false;
  }
}
