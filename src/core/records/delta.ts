/** What of a file with several owners is a layer's own, and the file that another content makes of it. */
import { sortByName } from '../text/path.js';
import type { Database, Entries } from './databases.js';

/** Changes of a record's list of names. */
interface ListDelta {
  readonly add?: readonly string[];
  readonly gone?: readonly string[];
}

/** The keys of records that differ from those below. Their content is that of the layer's own file. */
export interface Delta {
  /** New or changed. */
  readonly set?: readonly string[];
  readonly gone?: readonly string[];
  /** Records of which the list of names alone has changed. */
  readonly lists?: Readonly<Record<string, ListDelta>>;
}

/** The difference between two contents; an absent file is empty. `undefined` if one is of another format. */
export function diffOf(database: Database, below: string, own: string): Delta | undefined {
  const [before, after] = [database.parse(below), database.parse(own)];
  if (before === undefined || after === undefined) return undefined;
  const changed: string[] = [];
  const lists: Record<string, ListDelta> = {};
  for (const [key, record] of after) {
    const old = before.get(key);
    if (old === record) continue;
    const list = old === undefined ? undefined : listDelta(database, old, record);
    if (list === undefined) changed.push(key);
    else lists[key] = list;
  }
  const gone = [...before.keys()].filter((key) => !after.has(key));
  return {
    ...(changed.length === 0 ? {} : { set: changed }),
    ...(gone.length === 0 ? {} : { gone }),
    ...(Object.keys(lists).length === 0 ? {} : { lists }),
  };
}

/** `undefined` if more than the list differs. */
function listDelta({ list }: Database, before: string, after: string): ListDelta | undefined {
  if (list === undefined || list.withNames(before, []) !== list.withNames(after, [])) return undefined;
  const [old, now] = [list.namesIn(before), list.namesIn(after)];
  const add = now.filter((name) => !old.includes(name));
  const gone = old.filter((name) => !now.includes(name));
  return { ...(add.length === 0 ? {} : { add }), ...(gone.length === 0 ? {} : { gone }) };
}

/**
 * The records that a layer makes of those below it. `own` are those of its own file. A record that both
 * added, such as a group, has the names of both.
 */
export function applyDelta(
  database: Database,
  below: Entries,
  own: Entries,
  delta: Delta,
): Map<string, string> {
  const { list } = database;
  const made = new Map(below);
  for (const key of delta.gone ?? []) made.delete(key);
  for (const key of delta.set ?? []) {
    const record = own.get(key);
    if (record === undefined) continue;
    const there = made.get(key);
    if (list === undefined || there === undefined) made.set(key, record);
    else made.set(key, withNames(database, record, { add: list.namesIn(there) }));
  }
  for (const [key, change] of Object.entries(delta.lists ?? {})) {
    const there = made.get(key);
    const record = own.get(key);
    if (there !== undefined) made.set(key, withNames(database, there, change));
    // The others of the list were those of a record that is gone.
    else if (change.add !== undefined && record !== undefined && list !== undefined)
      made.set(key, list.withNames(record, change.add));
  }
  return made;
}

function withNames({ list }: Database, record: string, { add = [], gone = [] }: ListDelta): string {
  if (list === undefined) return record;
  const names = list.namesIn(record).filter((name) => !gone.includes(name));
  const more = add.filter((name) => !names.includes(name));
  return more.length + gone.length === 0 ? record : list.withNames(record, [...names, ...more]);
}

/** Keys of a delta, sorted. */
export function keysOf({ set = [], gone = [], lists = {} }: Delta): string[] {
  return sortByName([...set, ...gone, ...Object.keys(lists)], (key) => key);
}
