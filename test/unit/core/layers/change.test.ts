/** Which layer is meant, what is odd about it, and what may be done to it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { damaged as damage } from '../../../../src/core/image/problems.js';
import { type Action, planChange } from '../../../../src/core/layers/change.js';
import { listLayers } from '../../../../src/core/layers/list.js';
import { findImage, findLayer, nearestName } from '../../../../src/core/layers/name.js';
import { followersOf, imageWarnings, UNRECORDED } from '../../../../src/core/layers/warnings.js';
import { inOrder, readStored, type StoredImages } from '../../../../src/core/set/stored.js';
import { problemOf } from '../../problem.js';
import { BASE, EROFS_BASE, erofsFile, imageFile } from '../sample.js';
import { id, layer, stored } from './make.js';

const warnings = (all: StoredImages): string[][] => all.layers.map((image) => imageWarnings(image, all));

test('warnings: another base, and a predecessor that is missing, above, or disabled', () => {
  const [a, b, plain] = [layer('a', {}), layer('b', { after: id('a') }), layer('p')];
  assert.deepEqual(warnings(stored(a, b, plain)), [[], [], []]);
  assert.deepEqual(warnings(stored(layer('a', { base: id('0') }))), [
    [`made on another base (sha256:000000000000) than base.cpio.zst (sha256:abababababab); ${UNRECORDED}`],
  ]);
  assert.deepEqual(warnings(stored(b)), [['made after a layer that is missing (sha256:aaaaaaaaaaaa)']]);
  assert.deepEqual(warnings(stored(b, { ...layer('c'), manifest: { ...BASE, id: id('a') } })), [
    ['made after c, which is above it'],
    [],
  ]);
  const off = layer('a', {}, { disabled: true });
  assert.deepEqual(warnings(stored(off, b)), [[], ['made after a, which is disabled']]);
  // Of a layer that is disabled itself nobody asks what it was made after.
  assert.deepEqual(warnings(stored(off, layer('b', { after: id('a') }, { disabled: true }))), [[], []]);
  // The same layer twice, once disabled.
  assert.deepEqual(warnings(stored(a, off, b)), [[], [], []]);
});

test('a base without a manifest, or none at all', () => {
  const made = layer('a', {});
  const { base: _, ...none } = stored(made);
  assert.deepEqual(warnings(none), [[]]);
  const base = { name: 'base', file: 'base.cpio.zst', bytes: 1, disabled: false, format: 'cpio' } as const;
  assert.deepEqual(warnings({ base, layers: [made] }), [
    [`made on another base (sha256:abababababab) than base.cpio.zst (one without a manifest); ${UNRECORDED}`],
  ]);
  const damaged = { ...base, problem: damage('cut short') };
  assert.deepEqual(warnings({ base: damaged, layers: [made] }), [[]]);
});

test('which files are images, and their order', () => {
  const file = imageFile(BASE);
  const contents: Record<string, Uint8Array | undefined> = {
    'base.cpio.zst': file,
    'persistence.b.cpio.zst': Uint8Array.of(1, 2, 3),
    'persistence.b.cpio.zst.disabled': new Uint8Array(0),
    'persistence.a.cpio.zst.disabled': file,
    'persistence.c.cpio.zst': undefined,
    'persistence.d.cpio.zst.part': file,
    vmlinuz: file,
  };
  const { base, layers } = readStored({
    names: Object.keys(contents).reverse(),
    size: (name) => contents[name]?.length,
    read: (name, at, length) => contents[name]?.slice(at, at + length),
  });
  assert.equal(base?.manifest?.id, BASE.id);
  assert.deepEqual(
    layers.map(({ name, disabled, problem }) => [name, disabled, problem?.what]),
    [
      ['a', true, 'not a layer'],
      ['b', false, undefined],
      ['b', true, 'the image is empty'],
      ['c', false, 'cannot read the image'],
    ],
  );
  assert.deepEqual(inOrder([...layers].reverse()), layers);
});

test('a base that is not used is told with the one that is', () => {
  const contents: Record<string, Uint8Array> = {
    'base.cpio.zst': imageFile(BASE),
    'base.erofs': erofsFile(EROFS_BASE).subarray(0, 8192),
  };
  const all = readStored({
    names: Object.keys(contents),
    size: (name) => contents[name]?.length,
    read: (name, at, length) => contents[name]?.slice(at, at + length),
  });
  assert.ok(all.base?.file === 'base.cpio.zst');
  const warning =
    'base.erofs is present too and is not used: the image is damaged (its end is missing: it was truncated, or not copied completely); ' +
    'copy or build it again, or remove it';
  assert.deepEqual(listLayers(all).base?.warnings, [warning]);
});

test('names as people type them', () => {
  const all = stored(
    layer('x'),
    layer('x', undefined, { disabled: true }),
    layer('y', undefined, { disabled: true }),
  );
  const found = (text: string, disabled?: boolean) => {
    const image = findLayer(all, text, disabled);
    return image.ok ? image.value.file : image.problem.next;
  };
  const [on, off] = ['persistence.x.cpio.zst', 'persistence.x.cpio.zst.disabled'];
  for (const text of ['x', on, 'persistence.x', 'x.cpio.zst']) assert.equal(found(text), on, text);
  assert.equal(found('x', true), off);
  assert.equal(found(off), off);
  assert.equal(found('y'), 'persistence.y.cpio.zst.disabled');
  assert.match(found('persistence.z.cpio.zst.disabled') ?? '', /mkma layers list/);
  const base = findImage(all, 'base');
  assert.ok(base.ok && base.value === all.base);
  const called = findImage(stored(layer('base')), 'base');
  assert.ok(called.ok && called.value.file === 'persistence.base.cpio.zst');
  assert.equal(findLayer(all, 'base').ok, false);
});

test('the nearest name', () => {
  const names = ['20260101_000000', '20260102_000000_editor', '20260103_000000_editor'];
  assert.equal(nearestName('editor', names), '20260103_000000_editor');
  assert.equal(nearestName('edtior', names), '20260102_000000_editor');
  assert.equal(nearestName('20260101_00000', names), '20260101_000000');
  assert.equal(nearestName('20260110_000000', names), '20260101_000000');
  assert.equal(nearestName('zebra', names), undefined);
  assert.equal(nearestName('x', []), undefined);
});

/** What a plan comes to: the new name, or why not. */
function plan(action: Action, all: StoredImages, name: string, force = false) {
  const done = planChange(action, all, name, { force });
  return done.ok ? [done.value.becomes, ...done.value.warnings] : [done.problem.what];
}

test('disable and enable: the name afterwards, and what others lose or gain', () => {
  const [a, b] = [layer('a', {}), layer('b', { after: id('a') })];
  const off = layer('a', {}, { disabled: true });
  assert.deepEqual(plan('disable', stored(a, b), 'a'), [
    'persistence.a.cpio.zst.disabled',
    'b: made after a, which is disabled',
  ]);
  assert.deepEqual(plan('disable', stored(a, b), 'b'), ['persistence.b.cpio.zst.disabled']);
  assert.deepEqual(plan('enable', stored(off, b), 'a'), ['persistence.a.cpio.zst']);
  const alone = layer('b', { after: id('a') }, { disabled: true });
  assert.deepEqual(plan('enable', stored(alone), 'b'), [
    'persistence.b.cpio.zst',
    'b: made after a layer that is missing (sha256:aaaaaaaaaaaa)',
  ]);
  assert.deepEqual(plan('enable', stored(a), 'a'), ['the layer is already enabled']);
  assert.deepEqual(plan('disable', stored(off), 'a'), ['the layer is already disabled']);
  assert.deepEqual(plan('enable', stored(a, off), 'a'), ['cannot enable the layer']);
  assert.deepEqual(plan('disable', stored(a, off), 'a'), ['cannot disable the layer']);
});

test('drop: not where another depends on it, disabled or not, unless told twice', () => {
  const a = layer('a', { deletions: ['x'] });
  const after = layer('b', { after: id('a') }, { disabled: true });
  assert.deepEqual(
    followersOf(a, stored(a, after)).map(({ name }) => name),
    ['b'],
  );
  const refused = planChange('drop', stored(a, after), 'a');
  assert.ok(!refused.ok);
  assert.equal(refused.problem.why, 'b depends on it: 3 entries and 1 deletion below it would be missing');
  assert.deepEqual(plan('drop', stored(a, after), 'a', true), [undefined]);
  assert.deepEqual(plan('drop', stored(a, after), 'b'), [undefined]);
  // No manifest, no id that anything could have been made after.
  assert.deepEqual(followersOf(layer('p'), stored(layer('p'), layer('q', {}))), []);
});

test('a layer more than an overlay takes is not enabled', () => {
  const all = Array.from({ length: 499 }, (_, i) =>
    layer('a', {}, { name: `l${i}`, file: `persistence.l${i}.cpio.zst` }),
  );
  const off = layer('z', {}, { disabled: true });
  problemOf(planChange('enable', stored(...all, off), 'z'), 'too-many-layers');
  assert.ok(planChange('enable', stored(...all.slice(1), off), 'z').ok);
});
