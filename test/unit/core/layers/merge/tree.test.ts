/** Merging is exact: random layers on random trees show the same as the layer that they become. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileType } from '../../../../../src/core/archive/tree.js';
import type { FileMetadata } from '../../../../../src/core/image/manifest.js';
import type { SourceEntry, SourceTree } from '../../../../../src/core/layers/merge/source.js';
import { type MergedTree, mergeTrees } from '../../../../../src/core/layers/merge/tree.js';
import { ancestorsOf } from '../../../../../src/core/text/path.js';
import { Chance } from '../../../../cli/persist/random.js';

/** What a path shows: the type, a content and a mode. */
interface Shown {
  readonly type: FileType;
  readonly content: string;
  readonly mode: number;
}
type View = Map<string, Shown>;

/** A layer, and what its entries contain. */
interface Layer extends SourceTree {
  readonly contents: ReadonlyMap<string, string>;
}

let inodes = 0;
function entry(path: string, type: FileType, mode: number): SourceEntry {
  const ino = ++inodes;
  return { path, type, mode, uid: 0, gid: 0, mtime: 0, size: 1, target: '', ino, nlink: 1, at: ino };
}

/** What an overlay shows of a layer on a view; metadata applies where the content is the one it belongs to. */
function applied(below: View, layer: Layer): View {
  const view: View = new Map(below);
  const remove = (path: string, itself: boolean): void => {
    for (const one of [...view.keys()])
      if ((itself && one === path) || one.startsWith(`${path}/`)) view.delete(one);
  };
  for (const path of layer.whiteouts) remove(path, true);
  for (const { path, type, mode } of [...layer.entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const there = view.get(path);
    if (type !== 'd' || there?.type !== 'd' || layer.opaque.has(path)) remove(path, true);
    view.set(path, { type, mode, content: layer.contents.get(path) ?? '' });
  }
  for (const { path, mode, sha256 } of layer.metadata.values()) {
    const there = below.get(path);
    // A folder of the layer above it may hide it.
    if (there?.type === 'f' && view.get(path) === there && there.content === sha256)
      view.set(path, { ...there, mode });
  }
  return view;
}

const NAMES = ['a', 'b', 'c'];
const randomPath = (chance: Chance): string =>
  Array.from({ length: 1 + chance.number(3) }, () => chance.pick(NAMES)).join('/');

function randomLayer(chance: Chance, below: View): Layer {
  const entries = new Map([['.', entry('.', 'd', chance.number(8))]]);
  const contents = new Map<string, string>();
  const [whiteouts, opaque] = [new Set<string>(), new Set<string>()];
  const metadata = new Map<string, FileMetadata>();
  /** The folders above, each of which it has. */
  const reach = (path: string): boolean => {
    for (const above of ancestorsOf(path).filter((one) => one !== '.')) {
      if (whiteouts.has(above) || metadata.has(above)) return false;
      const there = entries.get(above);
      if (there !== undefined && there.type !== 'd') return false;
      if (there === undefined) entries.set(above, entry(above, 'd', chance.number(8)));
    }
    return !whiteouts.has(path) && !metadata.has(path) && !entries.has(path);
  };
  const files = [...below].flatMap(([path, { type }]) => (type === 'f' ? [path] : []));
  for (let i = chance.number(8); i > 0; i--) {
    const kind = chance.number(7);
    const path = kind > 4 && files.length > 0 ? chance.pick(files) : randomPath(chance);
    if (!reach(path)) continue;
    const shown = below.get(path);
    if (kind === 0) whiteouts.add(path);
    else if (kind === 1) {
      entries.set(path, entry(path, 'd', chance.number(8)));
      if (chance.number(2) === 0) opaque.add(path);
    } else if (kind < 5) {
      entries.set(path, entry(path, chance.pick(['f', 'l']), chance.number(8)));
      contents.set(path, `content ${chance.number(1000)}`);
    } else if (shown?.type === 'f') {
      const facts = { path, mode: chance.number(8), uid: 0, gid: 0, mtime: 0, size: 1 };
      metadata.set(path, { ...facts, sha256: shown.content });
    }
  }
  return { entries, whiteouts, opaque, metadata, contents, attributes: new Map(), texts: new Map() };
}

/** The merged layer as one. */
function asLayer(merged: MergedTree, layers: readonly Layer[]): Layer {
  return {
    entries: new Map(merged.entries.map((one) => [one.path, one])),
    whiteouts: new Set(merged.deletions),
    opaque: new Set(merged.opaque),
    metadata: new Map(merged.metadata.map((one) => [one.path, one])),
    contents: new Map(
      merged.entries.map(({ path, source }) => [path, layers[source]?.contents.get(path) ?? '']),
    ),
    ...{ attributes: new Map(), texts: new Map() },
  };
}

const lines = (view: View): string[] =>
  [...view].map(([path, one]) => `${path} ${one.type} ${one.mode} ${one.content}`).sort();

test('random layers show the same as the one that they become, on what they were made on and on anything else', () => {
  const chance = new Chance(42);
  const kinds = { metadata: 0, opaque: 0, deletions: 0, conflicts: 0 };
  for (let round = 0; round < 3000; round++) {
    const base = applied(new Map(), randomLayer(chance, new Map()));
    const layers: Layer[] = [];
    const linked = chance.number(2) === 0;
    let top = base;
    for (let i = 2 + chance.number(4); i > 0; i--) {
      // Some were made on others, of which one is gone.
      const below = linked ? top : applied(top, randomLayer(chance, top));
      layers.push(randomLayer(chance, below));
      top = applied(below, layers.at(-1) as Layer);
    }
    const merged = mergeTrees(
      layers,
      ({ path, sha256 }, { source }) => layers[source]?.contents.get(path) === sha256,
    );
    if (merged.conflicts.length > 0) {
      assert.ok(!linked);
      kinds.conflicts++;
      continue;
    }
    kinds.metadata += merged.metadata.length;
    kinds.opaque += merged.opaque.length;
    kinds.deletions += merged.deletions.length;
    const one = asLayer(merged, layers);
    const others = [
      base,
      new Map(),
      applied(base, randomLayer(chance, base)),
      applied(new Map(), randomLayer(chance, new Map())),
    ];
    for (const [i, below] of others.entries()) {
      const separately = layers.reduce(applied, below);
      assert.deepEqual(lines(applied(below, one)), lines(separately), `round ${round}, on ${i}`);
      // While some of the old ones are still there, it covers them.
      const some = layers.filter(() => chance.number(2) === 0);
      const covered = applied(some.reduce(applied, below), one);
      if (merged.metadata.length === 0) assert.deepEqual(lines(covered), lines(separately), `round ${round}`);
    }
  }
  const { conflicts, ...others } = kinds;
  assert.ok(conflicts > 0 && Object.values(others).every((count) => count > 500), JSON.stringify(kinds));
});

function layerOf(paths: Readonly<Record<string, FileType>>, facts: Partial<SourceTree> = {}): SourceTree {
  const none = { whiteouts: new Set<string>(), opaque: new Set<string>(), attributes: new Map() };
  const all = Object.entries({ '.': 'd' as FileType, ...paths });
  const entries = new Map(all.map(([path, type]) => [path, entry(path, type, 0o644)]));
  return { entries, ...none, metadata: new Map(), texts: new Map(), ...facts };
}

test('names of one inode that are left stay together; a change of the metadata of one makes it a file of its own', () => {
  const linked = ['a', 'b', 'c'].map((path) => ({ ...entry(path, 'f', 0o644), ino: 7, nlink: 3, at: 5 }));
  const lower = layerOf({});
  const withLinks = {
    ...lower,
    entries: new Map([...lower.entries, ...linked.map((one) => [one.path, one] as const)]),
  };
  const facts = { path: 'b', mode: 0o600, uid: 1, gid: 2, mtime: 3, size: 1, sha256: 'x' };
  const values = { 'user.a': 'AA==' };
  const upper = layerOf(
    { c: 'f' },
    { metadata: new Map([['b', facts]]), attributes: new Map([['b', values]]) },
  );
  const { entries, attributes, metadata } = mergeTrees([withLinks, upper], () => true);
  const shown = entries.map(({ path, mode, nlink, source, at }) => [
    path,
    mode,
    nlink,
    source,
    path === 'c' ? 0 : at,
  ]);
  assert.deepEqual(shown.slice(1), [
    ['a', 0o644, 1, 0, 5],
    ['b', 0o600, 1, 0, 5],
    ['c', 0o644, 1, 1, 0],
  ]);
  assert.deepEqual(attributes, [{ path: 'b', values }]);
  assert.deepEqual(metadata, []);
  const both = mergeTrees([withLinks, layerOf({ c: 'f' })], () => true).entries;
  const [a, b] = [both[1], both[2]];
  assert.deepEqual([a?.nlink, b?.nlink, a?.inode === b?.inode], [2, 2, true]);
});
