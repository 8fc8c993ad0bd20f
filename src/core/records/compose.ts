/**
 * Files with several owners where layers are applied to others than they were made on: what is each layer's
 * own, in turn, on what is below it. Pure.
 */
import {
  FreeNumbers,
  isNobodys,
  type Kind,
  type Moves,
  namesByNumber,
  numberAccounts,
  numbersByName,
  withPrimaryGroups,
} from './accounts.js';
import { linksOf } from './alternatives.js';
import type { Database, Entries } from './database.js';
import { databaseOf } from './databases.js';
import { applyDelta, type Delta, keysOf } from './delta.js';
import {
  INFO,
  isInstalled,
  STATUS,
  type StaleFiles,
  staleFiles,
  type Unmet,
  unmetDependencies,
} from './packages.js';
import { placeRanges, rangeNumber } from './ranges.js';
import { NAME_FILES, type Names, RANGE_FILES, type Records } from './records.js';

/** A layer of the chain. */
export interface ChainLayer {
  readonly name: string;
  readonly records: Records | undefined;
  /** Its content of a file; `null`: it hides what is below; `undefined`: it has nothing there. */
  readonly text: (path: string) => string | null | undefined;
}

/** A number that is another one here than in the layer. */
export interface Renumbered {
  readonly kind: Kind;
  /** `undefined`: the number has no name. */
  readonly name: string | undefined;
  readonly from: number;
  readonly to: number;
}

/** How a layer is applied. */
interface ComposedLayer {
  readonly moves: Readonly<Record<Kind, Moves>>;
  readonly renumbered: readonly Renumbered[];
  /** A file that has records of the layer, and below it another form: the layer cannot be applied there. */
  readonly refused?: string;
}

export interface ComposedChain {
  /** Files with another content than the highest image that has them. */
  readonly files: ReadonlyMap<string, string>;
  /** Links that follow from them; `null`: nothing is there. */
  readonly links: ReadonlyMap<string, string | null>;
  /** Files of packages that a layer has another version of, the lowest layer first. */
  readonly stale: readonly StaleFiles[];
  /** Packages of layers that lack another one here. */
  readonly unmet: readonly Unmet[];
  /** Keys of dpkg's status that are installed. */
  readonly installed: () => ReadonlySet<string>;
  /** By name. */
  readonly layers: ReadonlyMap<string, ComposedLayer>;
}

const KINDS: readonly Kind[] = ['users', 'groups'];
const ACCOUNTS: readonly string[] = [...Object.values(NAME_FILES), ...Object.values(RANGE_FILES)];

/**
 * Composes what the layers, the lowest first, make of a view. `below`: its files; `null`: absent. `apart`:
 * whether files of accounts that do not exist get numbers that no later account can get. Otherwise they keep
 * theirs unless an account has it.
 */
export function composeChain(
  below: (path: string) => string | null,
  layers: readonly ChainLayer[],
  apart: boolean,
): ComposedChain {
  const paths = new Set([...ACCOUNTS, ...layers.flatMap(({ records }) => Object.keys(records?.own ?? {}))]);
  const view = new View(below);
  const free = freeNumbers(view, layers);
  const added = layers.map((layer) => [layer.name, addLayer(view, layer, paths, free, apart)] as const);
  const composed = new Map(added.map(([name, layer]) => [name, apart ? withLater(view, layer) : layer]));
  const files = view.differing();
  const links = new Map<string, string | null>();
  // Also where the file is a layer's own: what it says may have been so below that layer already.
  for (const path of paths) {
    for (const [link, target] of linksOf(path, view.entries(path) ?? new Map()) ?? [])
      links.set(link, target);
  }
  const own = new Set(layers.flatMap(({ records }) => records?.own?.[STATUS]?.set ?? []));
  const unmet = unmetDependencies(view.entries(STATUS) ?? new Map(), own);
  const installed = (): ReadonlySet<string> => {
    const entries = view.entries(STATUS) ?? new Map<string, string>();
    return new Set([...entries].flatMap(([name, record]) => (isInstalled(record) ? [name] : [])));
  };
  return { files, links, stale: staleIn(below, layers), unmet, installed, layers: composed };
}

/** Of all layers. */
function staleIn(below: (path: string) => string | null, layers: readonly ChainLayer[]): StaleFiles[] {
  const lists = new Map<string, string | null>();
  return layers.flatMap(({ name: layer, records, text }) => {
    const delta = records?.own?.[STATUS];
    if (delta === undefined) return [];
    const listBelow = (path: string): string | null =>
      lists.has(path) ? (lists.get(path) ?? null) : below(path);
    const listOf = (path: string): string | null | undefined => text(path);
    const stale = staleFiles(delta, listBelow, listOf).map((one) => ({ layer, ...one }));
    for (const name of keysOf(delta)) {
      const own = text(`${INFO}/${name}.list`);
      if (own !== undefined) lists.set(`${INFO}/${name}.list`, own);
    }
    return stale;
  });
}

/** The files at some height. */
class View {
  /** As composed. */
  private readonly texts = new Map<string, string | null>();
  private readonly parsed = new Map<string, Entries | undefined>();
  /** As the highest image has them. */
  private readonly plain = new Map<string, string | null>();

  constructor(private readonly below: (path: string) => string | null) {}

  text(path: string): string | null {
    const known = this.texts.get(path);
    if (known !== undefined) return known;
    const entries = this.parsed.get(path);
    if (this.plain.has(path) && entries !== undefined) {
      const text = databaseOf(path)?.render(entries) ?? '';
      this.texts.set(path, text);
      return text;
    }
    const text = this.below(path);
    this.texts.set(path, text);
    this.plain.set(path, text);
    return text;
  }

  /** `undefined` if it has another format; an absent file is empty. */
  entries(path: string): Entries | undefined {
    if (!this.parsed.has(path)) this.parsed.set(path, databaseOf(path)?.parse(this.text(path) ?? ''));
    return this.parsed.get(path);
  }

  /** A layer's own content, as it is. */
  replace(path: string, text: string | null): void {
    this.text(path);
    this.texts.set(path, text);
    this.parsed.delete(path);
  }

  /** Other records; they become text only if that is asked for. */
  put(path: string, entries: Entries): void {
    if (!this.plain.has(path)) this.text(path);
    this.texts.delete(path);
    this.parsed.set(path, entries);
  }

  /** What the next image has there. */
  cover(path: string, text: string | null): void {
    if (!this.plain.has(path)) this.text(path);
    this.plain.set(path, text);
  }

  differing(): Map<string, string> {
    const files = new Map<string, string>();
    for (const path of this.plain.keys()) {
      const text = this.text(path);
      if (text !== null && text !== (this.plain.get(path) ?? '')) files.set(path, text);
    }
    return files;
  }
}

/** Knows all numbers that accounts and files have. */
function freeNumbers(view: View, layers: readonly ChainLayer[]): FreeNumbers {
  const free = new FreeNumbers();
  for (const kind of KINDS) {
    const below = namesByNumber(view.entries(NAME_FILES[kind]) ?? new Map());
    for (const [number, name] of below) free.note(number, name);
    for (const { records } of layers) {
      const all = Object.entries({ ...records?.owners?.[kind], ...records?.[kind] });
      for (const [number, name] of all) free.note(Number(number), name ?? '');
    }
  }
  return free;
}

function addLayer(
  view: View,
  layer: ChainLayer,
  paths: ReadonlySet<string>,
  free: FreeNumbers,
  apart: boolean,
): AddedLayer {
  const before = new Map(ACCOUNTS.map((path) => [path, view.entries(path)]));
  const made = new Map<string, Entries>();
  let refused: string | undefined;
  for (const path of paths) {
    const own = layer.text(path);
    const entries = ownRecords(view, layer, path, own);
    if (own !== undefined) view.cover(path, own);
    if (entries === 'refused') refused ??= path;
    else if (entries !== undefined) made.set(path, entries);
    else if (own !== undefined) view.replace(path, own);
  }
  for (const [path, entries] of made) if (!ACCOUNTS.includes(path)) view.put(path, entries);
  const files = (kind: Kind) => {
    const below = before.get(NAME_FILES[kind]) ?? new Map<string, string>();
    return { below, made: made.get(NAME_FILES[kind]) ?? view.entries(NAME_FILES[kind]) ?? below };
  };
  const names = { users: namesOf(layer, 'users'), groups: namesOf(layer, 'groups') };
  const numbered = numberAccounts({ users: files('users'), groups: files('groups') }, names, free);
  for (const kind of KINDS) {
    const ranges = made.get(RANGE_FILES[kind]);
    if (ranges !== undefined) {
      view.put(RANGE_FILES[kind], placeRanges(before.get(RANGE_FILES[kind]) ?? new Map(), ranges));
    }
  }
  if (made.has(NAME_FILES.groups)) view.put(NAME_FILES.groups, numbered.groups);
  // A number that was a user's and a group's stays one.
  const nobodys = nobodysNumbers(free, apart);
  const groups = movesOf(view, layer, 'groups', numbered.moves.groups, nobodys);
  if (made.has(NAME_FILES.users)) {
    const below = before.get(NAME_FILES.users) ?? new Map<string, string>();
    view.put(
      NAME_FILES.users,
      withPrimaryGroups(numbered.users, below, new Map([...numbered.moves.groups, ...groups])),
    );
  }
  const moves = { users: movesOf(view, layer, 'users', numbered.moves.users, nobodys), groups };
  return {
    moves,
    names,
    renumbered: renumberedIn(moves, names),
    ...(refused === undefined ? {} : { refused }),
  };
}

/** A layer, with the names of its view by its numbers. */
interface AddedLayer extends ComposedLayer {
  readonly names: Readonly<Record<Kind, Names>>;
}

/** With the files of accounts that only a layer above has: they are theirs, by name. */
function withLater(view: View, layer: AddedLayer): ComposedLayer {
  const moves = (kind: Kind): Map<number, number> => {
    const made = new Map(layer.moves[kind]);
    const gone = [...made].filter(([, to]) => isNobodys(to));
    if (gone.length === 0) return made;
    const numbers = numbersByName(view.entries(NAME_FILES[kind]) ?? new Map());
    for (const [from] of gone) {
      const to = numbers.get(layer.names[kind][String(from)] ?? '');
      if (to === from) made.delete(from);
      else if (to !== undefined) made.set(from, to);
    }
    return made;
  };
  const all = { users: moves('users'), groups: moves('groups') };
  return { ...layer, moves: all, renumbered: renumberedIn(all, layer.names) };
}

function renumberedIn(
  moves: Readonly<Record<Kind, Moves>>,
  names: Readonly<Record<Kind, Names>>,
): Renumbered[] {
  return KINDS.flatMap((kind) =>
    [...moves[kind]].map(([from, to]) => ({ kind, name: names[kind][String(from)], from, to })),
  );
}

/** The records of a file with the layer's own; `undefined`: the layer's content is taken as a file. */
function ownRecords(
  view: View,
  { records }: ChainLayer,
  path: string,
  text: string | null | undefined,
): Entries | 'refused' | undefined {
  const delta = records?.own?.[path];
  const database = databaseOf(path);
  if (delta === undefined || database === undefined) return undefined;
  const below = view.entries(path);
  const own = pick(database, text ?? '', delta);
  return below === undefined || own === undefined ? 'refused' : applyDelta(database, below, own, delta);
}

/** Most records that are looked for one by one. */
const FEW = 40;

/** The records of the layer's file that its delta names, at least. */
function pick(
  database: Database,
  text: string,
  { set = [], lists = {}, fields = {} }: Delta,
): Entries | undefined {
  const keys = [...set, ...Object.keys(lists), ...Object.keys(fields)];
  return database.pick === undefined || keys.length > FEW ? database.parse(text) : database.pick(text, keys);
}

/** Names of the layer's view by its numbers, as far as they matter. */
function namesOf({ records }: ChainLayer, kind: Kind): Names {
  const owners = Object.entries(records?.owners?.[kind] ?? {}).flatMap(([number, name]) =>
    name === null || name.includes(':') ? [] : [[number, name]],
  );
  return { ...(Object.fromEntries(owners) as Names), ...records?.[kind] };
}

/** Gives numbers to files without an account: one for a number that was a user's and a group's. */
function nobodysNumbers(free: FreeNumbers, apart: boolean) {
  const given = new Map<number, number>();
  return (number: number, isGone: boolean, isTaken: boolean): number | undefined => {
    const known = given.get(number);
    if (known !== undefined) return known;
    const unused = apart && (isGone || free.isNamed(number)) ? free.nobodys(number) : undefined;
    const to = unused ?? (isTaken ? free.next(number, '') : undefined);
    if (to !== undefined) given.set(number, to);
    return to;
  };
}

/** Where the owners of the layer's files belong. */
function movesOf(
  view: View,
  { records }: ChainLayer,
  kind: Kind,
  here: ReadonlyMap<number, number>,
  nobodys: (number: number, isGone: boolean, isTaken: boolean) => number | undefined,
): Map<number, number> {
  const names = namesByNumber(view.entries(NAME_FILES[kind]) ?? new Map());
  const ranges = view.entries(RANGE_FILES[kind]) ?? new Map<string, string>();
  const moves = new Map<number, number>();
  for (const [text, name] of Object.entries(records?.owners?.[kind] ?? {})) {
    const number = Number(text);
    let to = name?.includes(':') ? rangeNumber(ranges, name) : here.get(number);
    // Its account is gone, or it never had one: what is nobody's must not become somebody's.
    const isGone = name !== null && !name.includes(':');
    to ??= nobodys(number, isGone, names.has(number));
    if (to !== undefined && to !== number) moves.set(number, to);
  }
  return moves;
}
