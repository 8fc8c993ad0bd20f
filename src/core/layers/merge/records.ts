/** Files with several owners of merged layers: which records are the merged layer's own, and the content. */
import { aclIds } from '../../archive/acl.js';
import type { Database } from '../../records/database.js';
import { databaseOf } from '../../records/databases.js';
import { applyDelta, type Delta, keysOf, mergeDeltas } from '../../records/delta.js';
import { type Digests, NAME_FILES, parseNames, type Records } from '../../records/records.js';
import { ancestorsOf } from '../../text/path.js';
import type { SourceTree } from './source.js';
import type { MergedTree } from './tree.js';

/** A layer to merge. */
export interface SourceRecords {
  readonly records: Records;
  readonly tree: SourceTree;
  /** Content of its files with several owners, with the numbers that accounts get. */
  readonly texts: ReadonlyMap<string, string>;
  /** Whether it was made directly on the layer before it, and its base: then its files have all of that. */
  readonly follows: boolean;
}

/** The result. */
export interface MergedRecords {
  readonly records: Records;
  /** Files whose content is none of the layers', by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** Numbers that belong to different accounts in two of the layers, in words: they cannot be one. */
  readonly conflicts: readonly string[];
}

type Kind = 'users' | 'groups';
const KINDS: readonly Kind[] = ['users', 'groups'];

/** Merges the records of layers, the lowest first, that become this tree. */
export function mergeRecords(sources: readonly SourceRecords[], merged: MergedTree): MergedRecords {
  const files = new MergingFiles();
  let below: Digests = {};
  let digests: Digests = {};
  let names: Pick<Records, Kind> = {};
  let owners: Readonly<Record<Kind, Readonly<Record<string, string | null>>>> = { users: {}, groups: {} };
  for (const source of sources) {
    const { records } = source;
    files.add(source);
    const known = digests;
    const more = Object.entries(records.below ?? {}).filter(([path]) => !Object.hasOwn(known, path));
    below = { ...Object.fromEntries(more), ...below };
    digests = { ...digests, ...records.files };
    names = { ...names, ...namesOf(records) };
    owners = {
      users: { ...owners.users, ...records.owners?.users },
      groups: { ...owners.groups, ...records.owners?.groups },
    };
  }
  const { own, texts } = files.finish();
  const composed = (kind: Kind) => {
    const text = texts.get(NAME_FILES[kind]);
    return text === undefined ? {} : { [kind]: parseNames(text) };
  };
  const used = usedIds(merged, primaryGroups(files, own));
  const ofMerged = (kind: Kind) =>
    Object.fromEntries(Object.entries(owners[kind]).filter(([id]) => used[kind].has(Number(id))));
  return {
    records: {
      ...{ files: digests, ...names, ...composed('users'), ...composed('groups'), below },
      owners: { users: ofMerged('users'), groups: ofMerged('groups') },
      ...(Object.keys(own).length === 0 ? {} : { own }),
    },
    texts,
    conflicts: sources.every(({ follows }, i) => i === 0 || follows) ? [] : conflictsOf(owners, files),
  };
}

/** The names that a layer's own file has. */
function namesOf({ files, ...records }: Records): Pick<Records, Kind> {
  const of = (kind: Kind) => (Object.hasOwn(files, NAME_FILES[kind]) ? { [kind]: records[kind] ?? {} } : {});
  return { ...of('users'), ...of('groups') };
}

/** The files while layer after layer is added. */
class MergingFiles {
  /** Content; `null`: absent. */
  private readonly texts = new Map<string, string | null>();
  private readonly composed = new Set<string>();
  private readonly own = new Map<string, Delta>();

  add(source: SourceRecords): void {
    const { records, tree, texts } = source;
    const paths = new Set([...this.texts.keys(), ...texts.keys(), ...Object.keys(records.own ?? {})]);
    for (const path of paths) {
      const text = texts.get(path);
      if (text !== undefined) {
        this.put(path, text, records.own?.[path], source.follows);
        // Accounts have other numbers than in the layer.
        if (tree.texts.get(path) !== text) this.composed.add(path);
      }
      // One of several names of a file, of which another has the content: then it is one file.
      else if (tree.entries.get(path)?.type === 'f') this.put(path, '', undefined, source.follows);
      else if (hides(tree, path)) this.put(path, null, records.own?.[path], source.follows);
    }
  }

  text(path: string): string | null | undefined {
    return this.texts.get(path);
  }

  private put(path: string, text: string | null, delta: Delta | undefined, follows: boolean): void {
    const database = databaseOf(path);
    const [before, known] = [this.texts.get(path), this.own.get(path)];
    const isNew = before === undefined;
    this.texts.set(path, text);
    this.composed.delete(path);
    // A file of another form is one file.
    if (delta === undefined || database === undefined) this.own.delete(path);
    else if (isNew) this.own.set(path, delta);
    else {
      const made =
        follows || text === null ? undefined : compose(database, { before, known }, { text, delta });
      if (made !== undefined && made !== text) {
        this.texts.set(path, made);
        this.composed.add(path);
      }
      if (known !== undefined) {
        const entries = database.parse(this.texts.get(path) ?? '') ?? new Map<string, string>();
        this.own.set(path, mergeDeltas(database, known, delta, entries));
      }
    }
  }

  finish(): { readonly own: Record<string, Delta>; readonly texts: ReadonlyMap<string, string> } {
    const texts = [...this.composed].map((path) => [path, this.texts.get(path) ?? ''] as const);
    return { own: Object.fromEntries(this.own), texts: new Map(texts) };
  }
}

/**
 * The content of a file of two layers of which the higher one does not have what the lower one added to it.
 */
function compose(
  database: Database,
  lower: { readonly before: string | null; readonly known: Delta | undefined },
  upper: { readonly text: string; readonly delta: Delta },
): string | undefined {
  const [below, own] = [database.parse(lower.before ?? ''), database.parse(upper.text)];
  if (below === undefined || own === undefined) return undefined;
  // What is one file of the lower layer gets the records of the higher one.
  if (lower.known === undefined) return database.render(applyDelta(database, below, own, upper.delta));
  const keys = new Set(keysOf(upper.delta));
  const others = without(lower.known, keys);
  return keysOf(others).length === 0 ? undefined : database.render(applyDelta(database, own, below, others));
}

function without({ set = [], gone = [], lists = {}, fields = {} }: Delta, keys: ReadonlySet<string>): Delta {
  const not = (all: readonly string[]): string[] => all.filter((key) => !keys.has(key));
  const parts = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([key]) => !keys.has(key)));
  return { set: not(set), gone: not(gone), lists: parts(lists), fields: parts(fields) };
}

/** Whether a layer hides what is below it at a path, without a file of its own there. */
export function hides({ entries, whiteouts, opaque, metadata }: SourceTree, path: string): boolean {
  if (metadata.has(path)) return false;
  if (entries.has(path) || whiteouts.has(path)) return true;
  return ancestorsOf(path).some(
    (above) => whiteouts.has(above) || opaque.has(above) || (entries.get(above)?.type ?? 'd') !== 'd',
  );
}

/** Accounts that have another number in the merged file than the files have that belong to them. */
function conflictsOf(
  owners: Readonly<Record<Kind, Readonly<Record<string, string | null>>>>,
  files: MergingFiles,
): string[] {
  return KINDS.flatMap((kind) => {
    const text = files.text(NAME_FILES[kind]);
    if (typeof text !== 'string') return [];
    const numbers = new Map(Object.entries(parseNames(text)).map(([id, name]) => [name, id]));
    return Object.entries(owners[kind]).flatMap(([id, name]) => {
      const there = name === null ? undefined : numbers.get(name);
      return there === undefined || there === id ? [] : [`${kind === 'users' ? 'user' : 'group'} ${name}`];
    });
  });
}

/** Primary groups of users that the merged layer adds or changes. */
function primaryGroups(files: MergingFiles, own: Readonly<Record<string, Delta>>): number[] {
  const changed = own[NAME_FILES.users]?.set ?? [];
  if (changed.length === 0) return [];
  const users = databaseOf(NAME_FILES.users)?.parse(files.text(NAME_FILES.users) ?? '');
  return changed.map((name) => Number(users?.get(name)?.split(':')[3] ?? 0));
}

/** The owners of all that the merged layer has, and of what its ACLs name. */
function usedIds(
  { entries, metadata, attributes }: MergedTree,
  primary: readonly number[],
): Readonly<Record<Kind, ReadonlySet<number>>> {
  const all = [...entries, ...metadata];
  const users = new Set(all.map(({ uid }) => uid));
  const groups = new Set([...all.map(({ gid }) => gid), ...primary]);
  for (const { values } of attributes) {
    const found = aclIds(values);
    for (const id of found.users) users.add(id);
    for (const id of found.groups) groups.add(id);
  }
  return { users, groups };
}
