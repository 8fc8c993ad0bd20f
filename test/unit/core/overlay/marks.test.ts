/** What an upper directory's marks amount to: what moved, what came back, and which files have their metadata alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followMarks, type Marks, withoutMovingMarks } from '../../../../src/core/overlay/marks.js';
import { tree } from '../entry.js';

function follow(
  entries: readonly string[],
  redirects: Readonly<Record<string, string>>,
  { metacopies = [], opaque = [] }: { metacopies?: readonly string[]; opaque?: readonly string[] } = {},
) {
  const marks: Marks = {
    redirects: new Map(Object.entries(redirects)),
    metacopies: new Set(metacopies),
    opaque: new Set(opaque),
  };
  const { folders, origins, elsewhere, inPlace } = followMarks(tree(...entries), marks);
  return {
    folders: Object.fromEntries(folders),
    origins: Object.fromEntries(origins),
    elsewhere: [...elsewhere],
    inPlace: [...inPlace],
  };
}

const NOTHING = { folders: {}, origins: {}, elsewhere: [], inPlace: [] };

test('marks are read beside what belongs to the file itself', () => {
  assert.deepEqual(
    withoutMovingMarks({
      'user.a': 'AQ==',
      'trusted.overlay.redirect': 'L2Ev/w==',
      'trusted.overlay.metacopy': '',
    }),
    { values: { 'user.a': 'AQ==' }, redirect: '/a/\udcff', metacopy: true },
  );
  assert.deepEqual(withoutMovingMarks({ 'user.a': 'AQ==' }), {
    values: { 'user.a': 'AQ==' },
    metacopy: false,
  });
});

test('a folder with another name, or elsewhere, was where its mark says', () => {
  assert.deepEqual(follow(['srv/new/'], { 'srv/new': 'old' }).folders, { 'srv/new': 'srv/old' });
  assert.deepEqual(follow(['home/x/'], { 'home/x': '/srv/x' }).folders, { 'home/x': 'srv/x' });
});

test('a folder that came back is no moved one: its mark names itself', () => {
  assert.deepEqual(follow(['srv/a/'], { 'srv/a': 'a' }), NOTHING);
  assert.deepEqual(follow(['srv/a/'], { 'srv/a': '/srv/a' }), NOTHING);
});

test('after a snapshot, a folder that came back counts as moved: the snapshot may have deleted it', () => {
  const marks = {
    redirects: new Map([['srv/a', 'a']]),
    metacopies: new Set(['srv/a/file']),
    opaque: new Set<string>(),
  };
  const { folders, elsewhere, inPlace } = followMarks(tree('srv/a/file'), marks, false);
  assert.deepEqual([[...folders], [...elsewhere], [...inPlace]], [[['srv/a', 'srv/a']], ['srv/a/file'], []]);
});

test('one that came back into a folder made anew is there alone, not with what else lies below', () => {
  assert.deepEqual(follow(['srv/a/'], { 'srv/a': '/srv/a' }, { opaque: ['srv'] }).folders, {
    'srv/a': 'srv/a',
  });
});

test('of moved folders in each other the outer one counts; what is in them was below that path', () => {
  const found = follow(['b/file', 'b/inner/other'], { b: 'a', 'b/inner': 'was' });
  assert.deepEqual(found.folders, { b: 'a' });
  assert.deepEqual(found.origins, { 'b/file': 'a/file', 'b/inner': 'a/was', 'b/inner/other': 'a/was/other' });
});

test('an absolute mark starts at the root again, past a moved folder above', () => {
  const found = follow(['b/far/x'], { b: 'a', 'b/far': '/c/d' });
  assert.deepEqual(found.origins, { 'b/far': 'c/d', 'b/far/x': 'c/d/x' });
});

test('an opaque folder has nothing below, whatever its mark says', () => {
  assert.deepEqual(follow(['b/'], { b: 'a' }, { opaque: ['b'] }), NOTHING);
  assert.deepEqual(follow(['b/in/x'], { b: 'a' }, { opaque: ['b/in'] }).origins, { 'b/in': 'a/in' });
});

test('metadata alone: in place only with the same name in folders that are in place', () => {
  const found = follow(
    ['etc/same', 'etc/back', 'etc/renamed', 'b/inside', 'new/again'],
    { 'etc/back': 'back', 'etc/renamed': 'was', b: 'a' },
    { metacopies: ['etc/same', 'etc/back', 'etc/renamed', 'b/inside', 'new/again'], opaque: ['new'] },
  );
  assert.deepEqual(found.inPlace, ['etc/same', 'etc/back']);
  assert.deepEqual(found.elsewhere, ['etc/renamed', 'b/inside', 'new/again']);
});
