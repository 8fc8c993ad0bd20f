/**
 * Layers that were made on different bases, where accounts have different numbers: those of the highest layer
 * count, and what belongs to an account elsewhere gets its number there. Boots do the same with each layer.
 */
import { withAclIds } from '../../archive/acl.js';
import type { Names, Records } from '../../records/records.js';
import { NAME_FILES } from '../../records/records.js';
import type { SourceTree } from './source.js';

/** A layer, and whether it was made directly on the one before it, and its base. */
export interface NumberedSource {
  readonly tree: SourceTree;
  readonly records: Records;
  /** Content of files with several owners, by path. */
  readonly texts: ReadonlyMap<string, string>;
  readonly follows: boolean;
}

type Kind = 'users' | 'groups';
type Owners = Readonly<Record<string, string | null>>;
type Moves = ReadonlyMap<number, number>;
const KINDS: readonly Kind[] = ['users', 'groups'];

/** The layers with the numbers of the highest one, and numbers that cannot be told apart, in words. */
export function renumbered<T extends NumberedSource>(
  sources: readonly T[],
): { readonly sources: T[]; readonly conflicts: readonly string[] } {
  const known = { users: new Numbers(), groups: new Numbers() };
  const conflicts = new Set<string>();
  const made: T[] = [];
  for (let end = sources.length; end > 0; ) {
    let begin = end - 1;
    while (begin > 0 && sources[begin]?.follows === true) begin--;
    const chain = sources.slice(begin, end);
    const moves = { users: new Map<number, number>(), groups: new Map<number, number>() };
    for (const kind of KINDS) {
      const word = kind === 'users' ? 'user' : 'group';
      const owners = relevant(chain, kind);
      // An account was removed, and its number given to another one.
      for (const id of reused(owners)) conflicts.add(`${word} ${id}`);
      for (const [id, name] of owners) {
        const to = known[kind].take(Number(id), name);
        const taken = to === undefined || to === Number(id) ? undefined : namesOf(chain, kind)[String(to)];
        if (to === undefined || (taken !== undefined && taken !== name)) conflicts.add(`${word} ${id}`);
        else if (to !== Number(id)) moves[kind].set(Number(id), to);
      }
      // What else has a name in its view must not get another one above.
      if (end === sources.length) known[kind].addAll(namesOf(chain, kind));
    }
    made.unshift(...chain.map((source) => moved(source, moves)));
    end = begin;
  }
  return { sources: made, conflicts: [...conflicts] };
}

/** Owners of files, and accounts that the layers add or change, by number: as often as layers have them. */
function relevant(chain: readonly NumberedSource[], kind: Kind): (readonly [string, string | null])[] {
  const names = namesOf(chain, kind);
  const numbers = new Map(Object.entries(names).map(([id, name]) => [name, id]));
  const own = chain.flatMap(({ records }) => records.own?.[NAME_FILES[kind]]?.set ?? []);
  const accounts = own.flatMap((name) => {
    const id = numbers.get(name);
    return id === undefined ? [] : [[id, name] as const];
  });
  const owners = chain.flatMap(({ records }) => Object.entries(records.owners?.[kind] ?? {}));
  return [...owners, ...accounts];
}

/** Numbers that belong to one account in a layer, and to another one in the next. */
function reused(owners: readonly (readonly [string, string | null])[]): string[] {
  const first = new Map<string, string | null>();
  return owners.flatMap(([id, name]) => {
    if (!first.has(id)) first.set(id, name);
    return first.get(id) === name ? [] : [id];
  });
}

/** The names of the highest of them that has the file. */
function namesOf(chain: readonly NumberedSource[], kind: Kind): Names {
  const has = chain.findLast(({ records }) => Object.hasOwn(records.files, NAME_FILES[kind]));
  return has?.records[kind] ?? {};
}

/** Numbers and names so far. */
class Numbers {
  private readonly names = new Map<number, string | null>();
  private readonly numbers = new Map<string, number>();

  /** The number here of what has this one elsewhere; `undefined` if it belongs to somebody else here. */
  take(id: number, name: string | null): number | undefined {
    const to = name === null ? undefined : this.numbers.get(name);
    if (to !== undefined) return to;
    const there = this.names.get(id);
    if (there !== undefined && there !== name) return undefined;
    this.set(id, name);
    return id;
  }

  addAll(names: Names): void {
    for (const [id, name] of Object.entries(names)) {
      if (!this.names.has(Number(id)) && !this.numbers.has(name)) this.set(Number(id), name);
    }
  }

  private set(id: number, name: string | null): void {
    this.names.set(id, name);
    if (name !== null) this.numbers.set(name, id);
  }
}

function moved<T extends NumberedSource>(source: T, moves: Readonly<Record<Kind, Moves>>): T {
  if (moves.users.size + moves.groups.size === 0) return source;
  const { tree, records } = source;
  const own = <E extends { readonly uid: number; readonly gid: number }>(entry: E): E => ({
    ...entry,
    uid: moves.users.get(entry.uid) ?? entry.uid,
    gid: moves.groups.get(entry.gid) ?? entry.gid,
  });
  const all = <K, V, W>(map: ReadonlyMap<K, V>, to: (value: V) => W): Map<K, W> =>
    new Map([...map].map(([key, value]) => [key, to(value)]));
  const owners = (kind: Kind): Owners =>
    Object.fromEntries(
      Object.entries(records.owners?.[kind] ?? {}).map(([id, name]) => [
        String(moves[kind].get(Number(id)) ?? id),
        name,
      ]),
    );
  const names = (kind: Kind): Partial<Record<Kind, Names>> => {
    const before = records[kind];
    if (before === undefined) return {};
    const after = Object.entries(before).map(([id, name]) => [
      String(moves[kind].get(Number(id)) ?? id),
      name,
    ]);
    return { [kind]: Object.fromEntries(after) };
  };
  return {
    ...source,
    texts: new Map([...source.texts].map(([path, text]) => [path, withNumbers(path, text, moves)])),
    tree: {
      ...tree,
      entries: all(tree.entries, own),
      metadata: all(tree.metadata, own),
      attributes: all(tree.attributes, (values) => withAclIds(values, moves.users, moves.groups)),
    },
    records: {
      ...records,
      ...names('users'),
      ...names('groups'),
      owners: { users: owners('users'), groups: owners('groups') },
    },
  };
}

/** passwd(5) or group(5) with other numbers. */
function withNumbers(path: string, text: string, { users, groups }: Readonly<Record<Kind, Moves>>): string {
  const fields: readonly (readonly [number, Moves])[] =
    path === NAME_FILES.users
      ? [
          [2, users],
          [3, groups],
        ]
      : path === NAME_FILES.groups
        ? [[2, groups]]
        : [];
  if (fields.length === 0) return text;
  const line = (record: string): string => {
    const parts = record.split(':');
    for (const [i, moves] of fields) {
      const to = moves.get(Number(parts[i] || Number.NaN));
      if (to !== undefined) parts[i] = String(to);
    }
    return parts.join(':');
  };
  return text.split('\n').map(line).join('\n');
}
