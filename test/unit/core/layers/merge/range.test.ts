/** Which layers are merged, under which name, and which of them a boot passes over afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerFacts } from '../../../../../src/core/image/manifest.js';
import { mergedName } from '../../../../../src/core/layers/merge/name.js';
import { layersToMerge } from '../../../../../src/core/layers/merge/range.js';
import { chosenLayers } from '../../../../../src/core/layers/next-boot.js';
import { replacedIn } from '../../../../../src/core/layers/replaced.js';
import { followersOf, imageWarnings } from '../../../../../src/core/layers/warnings.js';
import { ALL_LAYERS, layerFileName, parseLayerSelection } from '../../../../../src/core/set/layer-names.js';
import type { StoredImage } from '../../../../../src/core/set/stored.js';
import { compareNames } from '../../../../../src/core/text/path.js';
import { problemOf } from '../../../problem.js';
import { id, layer, stored } from '../make.js';

/** With records of accounts and packages. */
function recorded(
  letter: string,
  facts: Partial<LayerFacts> = {},
  more: Partial<StoredImage> = {},
): StoredImage {
  const made = layer(letter, facts, more);
  return {
    ...made,
    manifest: { ...made.manifest, records: { files: {} } } as StoredImage['manifest'],
  } as StoredImage;
}

const names = (all: readonly StoredImage[]): string => all.map(({ name }) => name).join('');
function merged(of: ReturnType<typeof stored>, ...words: string[]): string {
  const range = layersToMerge(of, words);
  assert.ok(range.ok, JSON.stringify(range));
  return names(range.value.layers);
}

test('a range, a list of neighbours, or the longest run that the next boot applies', () => {
  const all = stored(...['a', 'b', 'c', 'd'].map((one) => recorded(one)));
  assert.equal(merged(all), 'abcd');
  assert.equal(merged(all, 'b..c'), 'bc');
  assert.equal(merged(all, 'b..'), 'bcd');
  assert.equal(merged(all, '..c'), 'abc');
  assert.equal(merged(all, 'persistence.b.cpio.zst..d'), 'bcd');
  assert.equal(merged(all, 'c', 'b'), 'bc');
  problemOf(layersToMerge(all, ['a', 'c']), 'layer-not-mergeable');
  problemOf(layersToMerge(all, ['c..a']), 'merge-range-reversed');
  problemOf(layersToMerge(all, ['b']), 'merge-needs-two');
  problemOf(layersToMerge(all, ['b..x']), 'no-such-layer');
  const off = stored(
    recorded('a'),
    recorded('b', {}, { disabled: true }),
    recorded('c'),
    recorded('d'),
    layer('e', {}),
  );
  const run = layersToMerge(off, []);
  assert.equal(merged(off), 'cd');
  assert.match(
    run.ok ? run.value.notes.join('\n') : '',
    /^b stays as it is: it is disabled\ne stays as it is: an older mkma/,
  );
  assert.match(
    problemOf(layersToMerge(off, ['a..d']), 'layer-not-mergeable').next ?? '',
    /mkma layers enable b/,
  );
  assert.equal(merged(stored(recorded('a'), layer('p'))), 'a');
  assert.equal(merged(stored()), '');
});

test('what the boot loader names is not merged: a merged layer has another name', () => {
  const all = stored(recorded('a'), recorded('b'), recorded('c'));
  const select = (text: string) => {
    const selection = parseLayerSelection(text);
    assert.ok(selection.ok);
    return { ...all, selection: selection.value };
  };
  problemOf(layersToMerge(select('a,b'), []), 'layer-not-mergeable');
  assert.equal(merged(select('-a')), 'bc');
  problemOf(layersToMerge(select('!b'), ['a..b']), 'layer-not-mergeable');
  assert.equal(merged({ ...all, selection: ALL_LAYERS }), 'abc');
});

test('the name sorts directly above the highest, as a file of either format; none is found only if there is none', () => {
  const file = (name: string): string => layerFileName(name);
  const [low, top, next] = ['20260101_000000', '20260101_000000_x', '20260101_000001'];
  const nameOf = (files: string[], highest: string, label = 'merged'): string | undefined =>
    mergedName(files, { name: highest, file: file(highest) }, label);
  assert.equal(nameOf([low, next].map(file), low), '20260101_000000_merged');
  assert.equal(nameOf([low, top, next].map(file), top), '20260101_000000_x_merged');
  assert.equal(
    nameOf([file('20260101_000000_merged')], '20260101_000000_merged'),
    '20260101_000000_merged_2',
  );
  assert.equal(
    nameOf([file('20260101_000000_merged_2')], '20260101_000000_merged_2'),
    '20260101_000000_merged_3',
  );
  assert.equal(nameOf([file('a'), file('a_b')], 'a'), 'a.merged');
  assert.equal(nameOf([file('a'), file('a_b')], 'a', 'c'), 'a.z-c');
  assert.equal(nameOf([file('a'), file('a.d')], 'a'), undefined);
  // Disabled ones keep their place as well.
  assert.equal(
    nameOf([low, `${top}`].map(file).concat(`${file('20260101_000000_a')}.disabled`), low),
    '20260101_000000.merged',
  );
  for (const highest of [low, top, 'zz', 'a.b']) {
    const name = nameOf([low, top, next, 'a.b', 'zz'].map(file), highest) ?? '';
    for (const format of ['cpio', 'erofs'] as const)
      assert.ok(compareNames(layerFileName(name, format), file(highest)) > 0, name);
  }
});

test('while the old layers are there as well, the merged one counts alone; a copy above it is applied', () => {
  const facts = { merged: [id('a'), id('b')], highest: [id('b'), id('7')] };
  const [a, b, one] = [recorded('a'), recorded('b', { after: id('a') }), recorded('c', facts)];
  const top = recorded('d', { after: id('b') });
  const all = stored(a, b, one, top);
  assert.deepEqual(
    [...replacedIn(all)].map(([old, by]) => old.name + by.name),
    ['ac', 'bc'],
  );
  assert.equal(names(chosenLayers(all)), 'cd');
  assert.equal(merged(all), 'cd');
  const above = recorded('e', {});
  const copy = { ...above, manifest: { ...above.manifest, id: id('a') } } as StoredImage;
  assert.equal(names(chosenLayers(stored(one, copy))), 'ce');
  // What was made on the highest of them was made on it, whatever that is called by now.
  for (const after of ['b', '7', 'c']) {
    const follower = recorded('f', { after: id(after) });
    assert.deepEqual(imageWarnings(follower, stored(one, follower)), [], after);
    assert.equal(names(followersOf(one, stored(one, follower))), 'f');
  }
  const other = recorded('f', { after: id('a') });
  assert.equal(imageWarnings(other, stored(one, other)).length, 1);
  assert.equal(followersOf(one, stored(one, other)).length, 0);
  // Disabled, it replaces nothing.
  assert.equal(names(chosenLayers(stored(a, b, { ...one, disabled: true }))), 'ab');
});
