/** What of a file with several owners is a layer's own, and the file that another content makes of it. */
import type { Database, Entries, ListField } from './database.js';

/** Changes of a record's list of names. */
interface ListDelta {
  readonly add?: readonly string[];
  readonly gone?: readonly string[];
}

/** Fields of a record that have another content, or are gone. */
interface FieldDelta {
  readonly set?: readonly string[];
  readonly gone?: readonly string[];
}

/** The keys of records that differ from those below. Their content is that of the layer's own file. */
export interface Delta {
  /** New or changed. */
  readonly set?: readonly string[];
  readonly gone?: readonly string[];
  /** Records of which the list of names has changed. */
  readonly lists?: Readonly<Record<string, ListDelta>>;
  /** Records of which single fields have changed: whatever else they are below, they are these. */
  readonly fields?: Readonly<Record<string, FieldDelta>>;
}

/** The difference between two contents; an absent file is empty. `undefined` if one is of another format. */
export function diffOf(database: Database, below: string, own: string): Delta | undefined {
  const [before, after] = [database.parse(below), database.parse(own)];
  if (before === undefined || after === undefined) return undefined;
  const changed: string[] = [];
  const lists: Record<string, ListDelta> = {};
  const fields: Record<string, FieldDelta> = {};
  for (const [key, record] of after) {
    const old = before.get(key);
    if (old === record) continue;
    const list = old === undefined ? undefined : listDelta(database, old, record);
    const single = old === undefined ? undefined : fieldDelta(database, old, record);
    if (list !== undefined) lists[key] = list;
    else if (single !== undefined) fields[key] = single;
    else {
      changed.push(key);
      // More than its list has changed: the names that others add stay, and those it lost stay lost.
      if (old !== undefined && database.list !== undefined)
        lists[key] = namesDelta(database.list, old, record);
    }
  }
  const gone = [...before.keys()].filter((key) => !after.has(key));
  return {
    ...(changed.length === 0 ? {} : { set: changed }),
    ...(gone.length === 0 ? {} : { gone }),
    ...(Object.keys(lists).length === 0 ? {} : { lists }),
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
  };
}

/** `undefined` if more than the list differs. */
function listDelta({ list }: Database, before: string, after: string): ListDelta | undefined {
  if (list === undefined || list.withNames(before, []) !== list.withNames(after, [])) return undefined;
  return namesDelta(list, before, after);
}

function namesDelta(list: ListField, before: string, after: string): ListDelta {
  const [old, now] = [list.namesIn(before), list.namesIn(after)];
  const add = now.filter((name) => !old.includes(name));
  const gone = old.filter((name) => !now.includes(name));
  return { ...(add.length === 0 ? {} : { add }), ...(gone.length === 0 ? {} : { gone }) };
}

/** `undefined` if the records have no fields in common. */
function fieldDelta({ fields }: Database, before: string, after: string): FieldDelta | undefined {
  if (fields === undefined) return undefined;
  const [old, now] = [fields.split(before), fields.split(after)];
  if (fields.isOther(old, now)) return undefined;
  const changed = [...now.keys()].filter((name) => now.get(name) !== old.get(name));
  const gone = [...old.keys()].filter((name) => !now.has(name));
  return { ...(changed.length === 0 ? {} : { set: changed }), ...(gone.length === 0 ? {} : { gone }) };
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
    else if (delta.lists?.[key] !== undefined) made.set(key, list.withNames(record, list.namesIn(there)));
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
  for (const [key, change] of Object.entries(delta.fields ?? {})) {
    const [there, record] = [made.get(key), own.get(key)];
    if (there !== undefined && record !== undefined)
      made.set(key, withFields(database, there, record, change));
  }
  return database.completed?.(made, below) ?? made;
}

function withFields(
  { fields }: Database,
  there: string,
  own: string,
  { set = [], gone = [] }: FieldDelta,
): string {
  if (fields === undefined) return own;
  const [made, from] = [fields.split(there), fields.split(own)];
  for (const name of gone) made.delete(name);
  for (const name of set) made.set(name, from.get(name) ?? '');
  return fields.join(made);
}

function withNames({ list }: Database, record: string, { add = [], gone = [] }: ListDelta): string {
  if (list === undefined) return record;
  const names = list.namesIn(record).filter((name) => !gone.includes(name));
  const more = add.filter((name) => !names.includes(name));
  return more.length + gone.length === 0 ? record : list.withNames(record, [...names, ...more]);
}

/** All keys of a delta. */
export function keysOf({ set = [], gone = [], lists = {}, fields = {} }: Delta): string[] {
  return [...new Set([...set, ...gone, ...Object.keys(lists), ...Object.keys(fields)])];
}

/**
 * The changes of two layers in turn as those of one. `own`: the records of its file, which has those of both.
 * A record that the first removed and the second made again is in `gone` and in `set`.
 */
export function mergeDeltas({ list }: Database, first: Delta, second: Delta, own: Entries): Delta {
  const gone = new Set([...(first.gone ?? []), ...(second.gone ?? [])]);
  const left = new Set(second.gone ?? []);
  const whole = new Set([...(first.set ?? []).filter((key) => !left.has(key)), ...(second.set ?? [])]);
  const replaced = new Set(second.set ?? []);
  const lists: Record<string, ListDelta> = {};
  const fields: Record<string, FieldDelta> = {};
  for (const key of keysOf({ lists: { ...first.lists, ...second.lists } })) {
    const [one, two] = [first.lists?.[key], second.lists?.[key]];
    if (two === undefined) {
      // Removed, or replaced whatever was there.
      if (one !== undefined && !left.has(key) && !replaced.has(key)) lists[key] = one;
      continue;
    }
    const isNew = first.set?.includes(key) === true && one === undefined;
    const before = isNew ? { add: list?.namesIn(own.get(key) ?? '') ?? [] } : one;
    const { made, gone: lost } = inTurn([before?.add, one?.gone], [two.add, two.gone]);
    // Where the record is missing, the names that were added make one, even if all of them are gone again.
    lists[key] = {
      ...(made.length === 0 && before?.add === undefined ? {} : { add: made }),
      ...(lost.length === 0 ? {} : { gone: lost }),
    };
  }
  for (const key of keysOf({ fields: { ...first.fields, ...second.fields } })) {
    if (whole.has(key) || (left.has(key) && second.fields?.[key] === undefined)) continue;
    const [one, two] = [first.fields?.[key], second.fields?.[key]];
    const { made, gone: lost } = inTurn([one?.set, one?.gone], [two?.set, two?.gone]);
    fields[key] = {
      ...(made.length === 0 ? {} : { set: made }),
      ...(lost.length === 0 ? {} : { gone: lost }),
    };
  }
  return {
    ...(whole.size === 0 ? {} : { set: [...whole] }),
    ...(gone.size === 0 ? {} : { gone: [...gone] }),
    ...(Object.keys(lists).length === 0 ? {} : { lists }),
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
  };
}

type Names = readonly string[] | undefined;

/** Names that two make and remove in turn: those that are made then, and those that are gone. */
function inTurn(first: readonly [made: Names, gone: Names], second: readonly [made: Names, gone: Names]) {
  const [made, lost] = [new Set(second[0]), new Set(second[1])];
  return {
    made: [...new Set([...(first[0] ?? []).filter((name) => !lost.has(name)), ...made])],
    gone: [...new Set([...(first[1] ?? []).filter((name) => !made.has(name)), ...lost])],
  };
}
