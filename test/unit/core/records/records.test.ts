/** Accounts and packages that a layer was made on, against those that it is to lie on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../../../../src/core/image/manifest.js';
import { listLayers, listLines } from '../../../../src/core/layers/list.js';
import { nextBootOf } from '../../../../src/core/layers/next-boot.js';
import { newWarnings } from '../../../../src/core/layers/warnings.js';
import {
  belowOf,
  comparable,
  fitOf,
  ownersOf,
  parseNames,
  type RecordState,
  type Records,
  stacked,
} from '../../../../src/core/records/records.js';
import { parseLayerSelection } from '../../../../src/core/set/layer-names.js';
import type { StoredImage, StoredImages } from '../../../../src/core/set/stored.js';
import { RECORD } from '../../guest/mkma/booted.js';
import { entry } from '../entry.js';
import { layer, stored } from '../layers/make.js';
import { BASE } from '../sample.js';

const sum = (letter: string): string => letter.repeat(64);

/** A base with these users. Its files are as its letter says. */
function base(letter: string, users: Record<string, string>, packages = letter): RecordState {
  const files = {
    'etc/passwd': sum(letter),
    'etc/group': sum(letter),
    'etc/shadow': sum(letter),
    'etc/subuid': null,
  };
  return {
    files: { ...files, 'var/lib/dpkg/status': sum(packages) },
    users: { 0: 'root', ...users },
    groups: { 0: 'root' },
  };
}

const NO_RANGES = { ranges: { users: new Map(), groups: new Map() }, primary: [] };
const OLD = base('a', { 1000: 'alice' });
/** The same with a user more, who has the next number. */
const NEW = base('b', { 1000: 'alice', 1001: 'bob' });

/** The records of a layer made on `below`, as mkma persist makes them. */
function made(below: RecordState, own: RecordState, uids: number[] = [0]): Records {
  const tree = uids.map((uid) => ({ ...entry(`f${uid}`), uid }));
  const owners = ownersOf(tree, [], { ...stacked(below, own), ...NO_RANGES });
  return { ...own, below: belowOf(own.files, owners, below), owners };
}

/** One that adds carol, with the number that the new base gives to bob. */
const CAROL = made(
  OLD,
  { files: { 'etc/passwd': sum('c') }, users: { 0: 'root', 1000: 'alice', 1001: 'carol' } },
  [1001],
);
const code = (records: Records, state: RecordState): string | undefined =>
  fitOf({ name: 'n', file: 'f', records }, state).problem?.code;

test('a layer with accounts lies on those that it was made on, and on no others', () => {
  assert.equal(code(CAROL, OLD), undefined);
  assert.equal(code(CAROL, NEW), 'layer-other-accounts');
  const { why = '', next = '' } = fitOf({ name: 'n', file: 'f', records: CAROL }, NEW).problem ?? {};
  assert.match(
    why,
    /^it contains \/etc\/passwd, and was made where \/etc\/group, \/etc\/passwd, \/etc\/shadow had/,
  );
  assert.match(next, /mkma_layers=!n /);
  // One file of them is enough on either side, a deletion as well.
  assert.equal(code(made(OLD, { files: { 'etc/subgid': null } }), NEW), 'layer-other-accounts');
  assert.equal(code(made(OLD, { files: {} }), NEW), undefined);
});

test('packages are a group of their own', () => {
  const record = made(OLD, { files: { 'var/lib/dpkg/status': sum('d') } });
  assert.equal(code(record, base('b', {}, 'a')), undefined);
  assert.equal(code(record, base('a', {}, 'b')), 'layer-other-packages');
});

test('a layer whose own records are known can lie anywhere', () => {
  const own = { 'etc/passwd': { set: ['carol'] } };
  assert.equal(code({ ...CAROL, own }, NEW), undefined);
  // One without, on top of it: what is below is composed only at boot.
  const composed = stacked(NEW, { ...CAROL, own });
  assert.equal(composed.users, undefined);
  const next = made(stacked(OLD, CAROL), { files: { 'etc/passwd': sum('d') } });
  assert.equal(code(next, stacked(OLD, { ...CAROL, own })), undefined);
  assert.equal(code(next, composed), 'layer-other-accounts');
  assert.equal(code({ ...next, own }, composed), undefined);
});

test('numbers of others follow the names; those of a range only if that is known', () => {
  const files = made(OLD, { files: {} }, [0, 1000, 1001]);
  assert.deepEqual(files.owners?.users, { 1000: 'alice', 1001: null });
  for (const below of [OLD, NEW, base('b', { 1000: 'bob', 1003: 'alice' })]) {
    assert.deepEqual(fitOf({ name: 'n', file: 'f', records: files }, below), { warnings: [] });
  }
  const gone = fitOf({ name: 'n', file: 'f', records: made(OLD, { files: {} }, [1000]) }, base('b', {}));
  assert.deepEqual(gone, {
    warnings: ['it has files of accounts that do not exist here: user 1000 (alice)'],
  });
  const ofRange = ownersOf([{ ...entry('f'), uid: 100_999 }], [], {
    ...OLD,
    ranges: { users: new Map([['alice', 'alice:100000:65536']]), groups: new Map() },
    primary: [50],
  });
  assert.deepEqual(ofRange, { users: { 100999: 'alice:999' }, groups: { 50: null } });
  // Out of a range that another account may have by now.
  const mapped = made(OLD, { files: {} }, [100_999]);
  assert.deepEqual(mapped.below, { 'etc/subuid': null });
  assert.equal(code(mapped, OLD), undefined);
  const ranges = { ...OLD, files: { ...OLD.files, 'etc/subuid': sum('e') } };
  assert.equal(code(mapped, ranges), 'layer-other-owners');
});

test('owners that ACLs name count', () => {
  // Version 2; user:1001:rwx, group:1002:r--, mask. Little-endian.
  const bytes = [
    2, 0, 0, 0, 2, 0, 7, 0, 0xe9, 3, 0, 0, 8, 0, 4, 0, 0xea, 3, 0, 0, 0x10, 0, 7, 0, 255, 255, 255, 255,
  ];
  const acl = Buffer.from(bytes).toString('base64');
  const attributes = [{ path: 'f', values: { 'system.posix_acl_access': acl, 'user.x': 'YQ==' } }];
  assert.deepEqual(ownersOf([], attributes, { users: { 1001: 'bob' }, ...NO_RANGES }), {
    users: { 1001: 'bob' },
    groups: { 1002: null },
  });
});

test('what is not known speaks for a layer', () => {
  assert.equal(code(CAROL, stacked(OLD, undefined)), undefined);
  assert.equal(code({ files: { 'etc/passwd': sum('c') } }, NEW), undefined);
});

test('days of the last change in shadow(5) do not count, but that a password has to be changed does', () => {
  const text = 'root:*:20420:0:99999:7:::\nbob:$y$x:0:0:99999:7:::\n';
  assert.equal(comparable('etc/shadow', text), 'root:*:#:0:99999:7:::\nbob:$y$x:0:0:99999:7:::\n');
  assert.equal(comparable('etc/passwd', text), text);
  assert.deepEqual(parseNames('a:x:1:\nb:x:1:\n+::::\nc:x:02x:\n'), { 1: 'a' });
});

/** A layer with these records, as it lies in a folder. */
function inFolder(letter: string, records: Records): StoredImage {
  const image = layer(letter, {});
  return image.manifest === undefined ? image : { ...image, manifest: { ...image.manifest, records } };
}

function folder(records: RecordState, ...layers: StoredImage[]): StoredImages {
  const all = stored(...layers);
  return all.base === undefined ? all : { ...all, base: { ...all.base, manifest: { ...BASE, records } } };
}

test('a layer made on accounts of one that is left out is left out as well, others are applied', () => {
  const onCarol = made(stacked(OLD, CAROL), { files: { 'etc/shadow': sum('d') } });
  const ofCarol = made(stacked(OLD, CAROL), { files: {} }, [1001]);
  const plain = made(stacked(OLD, CAROL), { files: {} });
  const layers = [inFolder('a', CAROL), inFolder('b', onCarol), inFolder('c', ofCarol), inFolder('d', plain)];
  const left = (all: StoredImages) => listLayers(all).layers.map(({ leftOut }) => leftOut?.code);
  assert.deepEqual(left(folder(OLD, ...layers)), [undefined, undefined, undefined, undefined]);
  const rebuilt = folder(NEW, ...layers);
  assert.deepEqual(left(rebuilt), ['layer-other-accounts', 'layer-other-accounts', undefined, undefined]);
  assert.deepEqual(
    nextBootOf(rebuilt, RECORD).map(({ name }) => name),
    ['base', 'c', 'd'],
  );
  const asked = (text: string) => {
    const selection = parseLayerSelection(text);
    assert.ok(selection.ok);
    return left({ ...rebuilt, selection: selection.value });
  };
  // The accounts of b were made on more of the old base than a brings along.
  assert.deepEqual(asked('!a'), [undefined, 'layer-other-accounts', undefined, undefined]);
  assert.deepEqual(asked('!a,!b'), [undefined, undefined, undefined, undefined]);
  assert.deepEqual(asked('-a'), [undefined, 'layer-other-accounts', undefined, undefined]);
  const text = listLines(listLayers(rebuilt)).join('\n');
  assert.match(
    text,
    /left out by the next boot\n {2}the layer was made on accounts that differ .*: persistence\.a/,
  );
  // What a change makes of others is told with it.
  const without = { ...folder(OLD, ...layers), layers: layers.slice(1) };
  assert.match(newWarnings(folder(OLD, ...layers), without).join('\n'), /^b: the next boot leaves it out: /m);
});

test('over a base without records nothing is left out in a list, and that is said', () => {
  const all = stored(inFolder('a', CAROL));
  const { base: listed, layers } = listLayers(all);
  assert.match(listed?.warnings[0] ?? '', /^it has no records of accounts and packages: /);
  assert.equal(layers[0]?.leftOut, undefined);
  assert.deepEqual(listLayers(folder(OLD, inFolder('a', CAROL))).base?.warnings, []);
});

test('records in a manifest are checked, and absent ones are fine', () => {
  const parse = (records: unknown) => parseManifest(JSON.stringify({ ...BASE, records })).ok;
  assert.ok(parse(undefined));
  assert.ok(parse(CAROL));
  assert.ok(parse(OLD));
  for (const wrong of [
    [],
    {},
    { files: { 'etc/passwd': 'x' } },
    { files: { '../x': null } },
    { files: {}, users: { a: 'b' } },
    { files: {}, users: { 1: null } },
    { files: {}, owners: { users: {} } },
    { files: {}, below: { x: 1 } },
  ])
    assert.equal(parse(wrong), false, JSON.stringify(wrong));
});
