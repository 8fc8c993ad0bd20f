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

/** A layer to merge. */
interface Source extends SourceRecords {
  /** Folders that were empty when it deleted them. */
  readonly emptied: readonly string[];
}

/** Packages of the machine. */
export interface Installed {
  readonly names: ReadonlySet<string>;
  /** The list of a package's files. */
  readonly listOf: (name: string) => string;
}

/** Hides files of the lower ones that boots would hide. `here`: what a base may have is looked for there. */
export function withoutStale<T extends Source>(sources: readonly T[], here: Installed): WithoutStale<T> {
  const first = sources.findIndex(({ follows }, i) => i > 0 && !follows);
  const lower = new Lower();
  const set = new Set(sources.flatMap(({ records }) => keysOf(records.own?.[STATUS] ?? {})).map(bare));
  const ofBase = [...here.names].filter((name) => !set.has(bare(name)));
  const hidden: string[] = [];
  const made = sources.map((source, i) => {
    const isApart = first >= 0 && i >= first;
    const stale = isApart ? lower.staleBelow(source) : [];
    if (isApart) hidden.push(...lower.hiddenBy(source));
    hidden.push(...hiddenOfBase(source, ofBase, here));
    lower.add(source);
    if (stale.length === 0) return source;
    const whiteouts = new Set([...source.tree.whiteouts, ...stale]);
    return { ...source, tree: { ...source.tree, whiteouts } };
  });
  return { sources: made, hidden };
}

/**
 * A file of a package of the base that a layer hides without having seen it: boots show it, and would not
 * once the database of a higher layer, which has seen it, is that of both.
 */
function hiddenOfBase(source: Source, names: readonly string[], here: Installed): string[] {
  const { records, tree, texts, emptied } = source;
  const status = records.own?.[STATUS] === undefined ? undefined : texts.get(STATUS);
  if (status === undefined) return [];
  const known = installedIn(status);
  const unseen = names.filter((name) => !known.has(bare(name)));
  if (unseen.length === 0) return [];
  const hiding = new Set([...tree.whiteouts, ...tree.opaque]);
  for (const path of emptied) hiding.delete(path);
  if (hiding.size === 0) return [];
  return unseen.flatMap((name) => pathsOf(here.listOf(name)).find((path) => isIn(path, hiding)) ?? []);
}

/** Absolute paths of a list, relative to the root. */
function pathsOf(list: string): string[] {
  return list.split('\n').flatMap((file) => (file.startsWith('/') && file !== '/.' ? [file.slice(1)] : []));
}

function isIn(path: string, folders: ReadonlySet<string>): boolean {
  return folders.has(path) || ancestorsOf(path).some((above) => folders.has(above));
}

function bare(name: string): string {
  return name.split(':')[0] as string;
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
    const info =
      names.length === 0
        ? []
        : this.trees.flatMap(({ entries }) =>
            [...entries.keys()].filter((path) => names.some((name) => path.startsWith(name))),
          );
    return [...new Set([...stale.flatMap(({ paths }) => paths), ...info])].filter(
      (path) => this.isFile(path) && !tree.entries.has(path) && !hides(tree, path),
    );
  }

  /** Files of lower layers that the layer hides, of packages that were not there when it was made. */
  hiddenBy({ records, tree, texts, emptied }: Source): string[] {
    const delta = records.own?.[STATUS];
    const known = delta === undefined ? undefined : installedIn(texts.get(STATUS) ?? '');
    const own = new Set(delta === undefined ? [] : keysOf(delta));
    const empty = new Set(emptied);
    const hiding = new Set([...tree.whiteouts, ...tree.opaque]);
    return [...this.lists].flatMap(([path, text]) => {
      const name = path.slice(INFO.length + 1, -'.list'.length);
      const folders = known?.has(bare(name)) === false ? hiding : empty;
      if (text === null || own.has(name) || folders.size === 0) return [];
      return pathsOf(text).find((file) => isIn(file, folders) && this.isFile(file)) ?? [];
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
