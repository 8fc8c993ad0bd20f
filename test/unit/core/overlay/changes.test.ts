import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeEntry } from '../../../../src/core/archive/tree.js';
import { findChanges, type Upper } from '../../../../src/core/overlay/changes.js';
import { LowerView } from '../../../../src/core/overlay/lower.js';
import { asLowerLayer, composeLayer, saveSnapshot } from '../../../../src/core/overlay/snapshot.js';
import { entry, type LayerSketch, lowerLayer, tree } from '../entry.js';

function upper({ entries = [], whiteouts = [], opaque = [] }: LayerSketch): Upper {
  return {
    entries: tree(...entries),
    whiteouts: new Set(whiteouts),
    opaque: new Set(opaque),
    attributes: new Map(),
    ...{
      moved: new Map(),
      origins: new Map(),
      carried: new Set(),
      otherNames: new Map(),
      inPlace: new Set(),
      same: new Set(),
      unviewed: new Map(),
    },
  };
}

function remembered(...saved: Parameters<typeof saveSnapshot>) {
  const { snapshot, entries } = saveSnapshot(...saved);
  return asLowerLayer(snapshot, entries);
}

function changes(up: Upper, stack: LowerView, below = stack): string[] {
  return findChanges(up, stack, below).map(({ kind, path }) => `${kind} ${path}`);
}

test('a view of layers: whiteouts, opaque folders, and links that lead elsewhere', () => {
  const link: TreeEntry = entry('bin', { type: 'l', target: 'usr/bin' });
  const view = new LowerView([
    lowerLayer({ entries: ['etc/top', 'bin/only'], whiteouts: ['etc/gone', 'opt'], opaque: ['srv'] }),
    lowerLayer({ entries: ['srv/new'], opaque: ['srv'] }),
    // As a program that follows links tells it: bin/tool is not in bin, which is a link.
    lowerLayer({ entries: ['etc/gone', 'etc/kept', 'opt/x', 'srv/old', link, entry('bin/tool')] }),
  ]);
  assert.deepEqual(view.children('etc').sort(), ['etc/kept', 'etc/top']);
  assert.equal(view.at('opt'), undefined);
  assert.equal(view.at('opt/x'), undefined);
  assert.deepEqual(view.children('srv'), ['srv/new']);
  assert.equal(view.at('bin')?.type, 'd');
  assert.equal(view.at('bin/tool'), undefined);
});

test('every kind of change, and none of what is only a way to one', () => {
  const stack = new LowerView([lowerLayer({ entries: ['etc/a', 'etc/b', 'var/log/x', 'lib/y', 'home/'] })]);
  const up = upper({
    entries: [
      'etc/a',
      'etc/new/file',
      entry('lib', { type: 'l', target: 'elsewhere' }),
      entry('home/', { mode: 0o711 }),
    ],
    whiteouts: ['etc/b', 'var/log', 'never/there'],
  });
  assert.deepEqual(changes(up, stack), [
    'changed etc/a',
    'deleted etc/b',
    'new etc/new',
    'new etc/new/file',
    'changed home',
    'retyped lib',
    'deleted var/log',
  ]);
});

test('a folder removed and made again: what it lost is deleted, what it has is changed', () => {
  const stack = new LowerView([
    lowerLayer({ entries: ['a/both', 'a/lost', 'a/deep/lost', 'a/deep/both', 'a/tree/x'] }),
  ]);
  const up = upper({ entries: ['a/both', 'a/deep/both'], opaque: ['a'] });
  assert.deepEqual(changes(up, stack), [
    'changed a/both',
    'changed a/deep/both',
    'deleted a/deep/lost',
    'deleted a/lost',
    'deleted a/tree',
  ]);
});

test('a second snapshot holds only what the first does not, and deletes what that held', () => {
  const stack = new LowerView([lowerLayer({ entries: ['etc/a'] })]);
  const kept = entry('new/kept');
  const first = upper({ entries: [entry('etc/a'), kept, 'new/lost', 'gone/x', 'etc/born'] });
  const content = composeLayer(findChanges(first, stack, stack), first, stack);
  const below = new LowerView([
    remembered(content, { layer: 'one', id: 'id', seen: 100, records: { files: {} } }),
    lowerLayer({ entries: ['etc/a'] }),
  ]);
  assert.deepEqual(changes(first, stack, below), []);
  const second = upper({ entries: [entry('etc/a', { ino: 'other' }), kept, entry('new/more')] });
  assert.deepEqual(changes(second, stack, below), [
    'changed etc/a',
    'deleted etc/born',
    'deleted gone',
    'deleted new/lost',
    'new new/more',
  ]);
  // The same inode, touched since.
  const touched = upper({
    entries: [...first.entries.filter(({ path }) => path !== kept.path), { ...kept, changed: '200' }],
  });
  assert.deepEqual(changes(touched, stack, below), ['changed new/kept']);
});

test('a file that is moved with its folder keeps its names elsewhere: they are saved again', () => {
  const stack = new LowerView([lowerLayer({})]);
  const names = { nlink: 2, ino: 'linked' };
  const elsewhere = entry('here', names);
  const single = entry('single');
  const first = upper({ entries: [elsewhere, single, entry('folder/x', names)] });
  const content = composeLayer(findChanges(first, stack, stack), first, stack);
  const below = new LowerView([
    remembered(content, { layer: 'one', id: 'id', seen: 100, records: { files: {} } }),
    lowerLayer({}),
  ]);
  assert.deepEqual(changes(first, stack, below), []);
  const moved = upper({ entries: [elsewhere, single, entry('moved/x', names)] });
  assert.deepEqual(changes(moved, stack, below), [
    'deleted folder',
    'changed here',
    'new moved',
    'new moved/x',
  ]);
});

test('what changed right before the scan may have changed in the same tick: it is saved again', () => {
  const stack = new LowerView([lowerLayer({})]);
  // One of a file system whose times of change are any.
  const odd = entry('odd', { changed: '2093024480' });
  const up = upper({ entries: [odd, entry('old', { changed: '50' }), entry('young', { changed: '99.95' })] });
  const content = composeLayer(findChanges(up, stack, stack), up, stack);
  const below = new LowerView([
    remembered(content, { layer: 'one', id: 'id', seen: 100, records: { files: {} } }),
    lowerLayer({}),
  ]);
  assert.deepEqual(changes(up, stack, below), ['changed young']);
});

test('a layer has every folder above, as it was where its change was not chosen', () => {
  const stack = new LowerView([
    lowerLayer({ entries: [entry('etc/', { mode: 0o750, uid: 5 }), 'etc/a', 'usr/b'] }),
  ]);
  const up = upper({ entries: [entry('etc/', { mode: 0o777 }), 'etc/a', 'etc/new/x'], whiteouts: ['usr/b'] });
  const found = findChanges(up, stack, stack);
  const chosen = found.filter(({ path }) => path !== 'etc');
  const { tree: made, deletions } = composeLayer(chosen, up, stack);
  assert.deepEqual(
    made.map(({ path, mode }) => `${path} ${mode.toString(8)}`),
    ['. 755', 'etc 750', 'etc/a 644', 'etc/new 755', 'etc/new/x 644', 'usr 755'],
  );
  assert.deepEqual(deletions, ['usr/b']);
  assert.equal(composeLayer(found, up, stack).tree.find(({ path }) => path === 'etc')?.mode, 0o777);
});

/** /srv/a moved to /srv/b, with a file in it that was changed since and one that is new. */
function movedUpper(more: Partial<Upper> = {}): Upper {
  const viewed = { ino: 'view:7' };
  return {
    ...upper({
      entries: ['srv/b/', entry('srv/b/kept', viewed), 'srv/b/changed', 'srv/b/new', 'srv/b/same/'],
      whiteouts: ['srv/a'],
    }),
    moved: new Map([['srv/b', 'srv/a']]),
    carried: new Set(['srv/b/kept']),
    origins: new Map(['changed', 'new', 'same'].map((name) => [`srv/b/${name}`, `srv/a/${name}`])),
    ...more,
  };
}

const MOVED_BELOW = { entries: ['srv/a/kept', 'srv/a/changed', 'srv/a/gone', 'srv/a/same/'] };

test('a moved folder: one change with what it carries and leaves behind; what changed in it is listed', () => {
  const stack = new LowerView([lowerLayer(MOVED_BELOW)]);
  const found = findChanges(movedUpper(), stack, stack);
  assert.deepEqual(
    found.map(({ kind, path, from = '-', partOf = '-' }) => [kind, path, from, partOf].join(' ')),
    [
      'deleted srv/a - srv/b',
      'moved srv/b srv/a -',
      'changed srv/b/changed - -',
      'new srv/b/kept - srv/b',
      'new srv/b/new - -',
      'new srv/b/same - srv/b',
    ],
  );
  const { tree: made, deletions } = composeLayer(found, movedUpper(), stack);
  assert.deepEqual(deletions, ['srv/a']);
  assert.deepEqual(
    made.map(({ path }) => path),
    ['.', 'srv', 'srv/b', 'srv/b/changed', 'srv/b/kept', 'srv/b/new', 'srv/b/same'],
  );
});

test('a moved folder in place of one that was there: what that had is deleted', () => {
  const stack = new LowerView([lowerLayer({ entries: [...MOVED_BELOW.entries, 'srv/b/old', 'srv/b/kept'] })]);
  const found = changes(movedUpper(), stack);
  assert.ok(found.includes('deleted srv/b/old') && found.includes('changed srv/b/kept'), found.join(', '));
  assert.ok(found.includes('moved srv/b'), found.join(', '));
});

test('saved once, a moved folder is no change any more; what moves on in it is', () => {
  const stack = new LowerView([lowerLayer(MOVED_BELOW)]);
  const up = movedUpper();
  const content = composeLayer(findChanges(up, stack, stack), up, stack);
  const snapshot = remembered(content, { layer: 'one', id: 'id', seen: 100, records: { files: {} } });
  const below = new LowerView([snapshot, lowerLayer(MOVED_BELOW)]);
  assert.deepEqual(changes(up, stack, below), []);
  const later = {
    ...up,
    entries: up.entries.map((one) => (one.path === 'srv/b' ? { ...one, mode: 0o700 } : one)),
  };
  assert.deepEqual(changes(later, stack, below), ['changed srv/b']);
});

test('a folder that is where it was again shows what it had, except where a snapshot has something else', () => {
  const viewed = { ino: 'view:7' };
  const back: Upper = {
    ...upper({ entries: ['srv/', entry('srv/kept', viewed), entry('srv/saved', viewed)] }),
    moved: new Map([['srv', 'srv']]),
    carried: new Set(['srv/kept', 'srv/saved']),
  };
  const lower = lowerLayer({ entries: ['srv/kept', 'srv/saved', 'srv/deleted'] });
  const stack = new LowerView([lower]);
  const snapshot = lowerLayer({ entries: ['srv/saved'] });
  assert.deepEqual(changes(back, stack, new LowerView([snapshot, lower])), [
    'deleted srv/deleted',
    'changed srv/saved',
  ]);
});

test('a file with the content it has below: metadata, as long as no snapshot of this boot has other content', () => {
  const stack = new LowerView([lowerLayer({ entries: ['etc/a', 'etc/b'] })]);
  const up = { ...upper({ entries: ['etc/a', 'etc/b'] }), inPlace: new Set(['etc/a']) };
  const found = findChanges(up, stack, stack);
  assert.deepEqual(
    found.map(({ kind, path }) => `${kind} ${path}`),
    ['metadata etc/a', 'changed etc/b'],
  );
  const content = composeLayer(found, up, stack);
  assert.deepEqual(
    [content.metadataOnly, content.tree].map((list) => list.map(({ path }) => path)),
    [['etc/a'], ['.', 'etc', 'etc/b']],
  );
  const snapshot = remembered(content, { layer: 'one', id: 'id', seen: 100, records: { files: {} } });
  const below = new LowerView([snapshot, lowerLayer({ entries: ['etc/a', 'etc/b'] })]);
  assert.deepEqual(changes(up, stack, below), []);
  assert.deepEqual([below.hasRealContent('etc/a'), below.hasRealContent('etc/b')], [true, false]);
  assert.equal(stack.hasRealContent('etc'), false);
  const deleted = new LowerView([
    lowerLayer({ entries: ['etc/'], whiteouts: ['etc/a'] }),
    lowerLayer({ entries: ['etc/a'] }),
  ]);
  assert.equal(deleted.hasRealContent('etc/a'), false);
});
