import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isSelected,
  layerFileName,
  layerName,
  layersAmong,
  nextLayerName,
  parseLayerSelection,
  unknownNames,
} from '../../../../src/core/set/layer-names.js';

test('which files are layers, and their order', () => {
  assert.equal(layerName('persistence.20260101_000000.cpio.zst'), '20260101_000000');
  assert.equal(layerName('persistence.20260101_000000.editor.cpio.zst'), '20260101_000000.editor');
  for (const other of [
    'persistence.cpio.zst',
    'persistence..cpio.zst',
    '.persistence.x.cpio.zst',
    'base.cpio.zst',
  ]) {
    assert.equal(layerName(other), undefined, other);
  }
  assert.equal(layerName('persistence....cpio.zst'), undefined, 'a folder called ..');
  const files = ['persistence.b.cpio.zst', 'x', 'persistence.B.cpio.zst', 'persistence.a.cpio.zst'];
  assert.deepEqual(
    layersAmong(files).map(({ name }) => name),
    ['B', 'a', 'b'],
  );
});

const layers = layersAmong(['a', 'b', 'c'].map((name) => `persistence.${name}.cpio.zst`));

function selected(text: string): string[] {
  const selection = parseLayerSelection(text);
  assert.ok(selection.ok, text);
  return layers.map(({ name }) => name).filter((name) => isSelected(selection.value, name));
}

test('selections', () => {
  assert.deepEqual(selected('all'), ['a', 'b', 'c']);
  assert.deepEqual(selected('none'), []);
  assert.deepEqual(selected('c,a'), ['a', 'c']);
  assert.deepEqual(selected('-b'), ['a', 'c']);
  assert.deepEqual(selected('all,-persistence.b.cpio.zst'), ['a', 'c']);
  assert.deepEqual(selected('persistence.b'), ['b']);
  assert.deepEqual(selected('a,b,-b'), ['a']);
});

test('names that fit no layer, and words that are no selection', () => {
  const selection = parseLayerSelection('a,x,-y');
  assert.ok(selection.ok);
  assert.deepEqual(
    unknownNames(
      selection.value,
      layers.map(({ name }) => name),
    ),
    ['x', 'y'],
  );
  for (const text of ['', 'a,,b', '-', 'none,a', '-a,none']) {
    assert.equal(parseLayerSelection(text).ok, false, text);
  }
});

test('a new name sorts behind all that are there, whatever the clock says', () => {
  const now = Date.UTC(2026, 10, 24, 21, 13, 34);
  const name = (files: string[], label?: string) =>
    nextLayerName(
      files.map((file) => `persistence.${file}`),
      now,
      label,
    );
  assert.equal(name([]), '20261124_211334');
  assert.equal(name([], 'editor'), '20261124_211334_editor');
  assert.equal(name(['20200101_000000.cpio.zst']), '20261124_211334');
  // The clock went back, or two within a second.
  assert.equal(name(['20261124_211334.cpio.zst']), '20261124_211335');
  assert.equal(name(['20991231_235959.cpio.zst']), '21000101_000000');
  assert.equal(name(['20991231_235959.cpio.zst.disabled']), '21000101_000000');
  assert.equal(name(['20261124_211334_editor.cpio.zst']), '20261124_211335');
  assert.equal(name(['20261124_211334.cpio.zst'], 'a'), '20261124_211335_a');
  // No clock made that one.
  assert.equal(name(['zebra.cpio.zst']), 'zebra_20261124_211334');
  for (const files of [
    ['zebra.cpio.zst'],
    ['20261124_211334_z.cpio.zst'],
    ['99999999_999999.cpio.zst'],
    ['3.cpio.zst'],
  ]) {
    const made = layerFileName(name(files, 'a'));
    assert.ok(made > `persistence.${files[0]}`, made);
  }
});

test('behind a name that no clock made, names do not grow with each layer', () => {
  const files = ['persistence.mine.cpio.zst'];
  for (let day = 1; day <= 20; day++) {
    const name = nextLayerName(files, Date.UTC(2026, 0, day), day === 3 ? 'label' : undefined);
    assert.ok(name.startsWith('mine_202601') && name.length < 40, name);
    const file = `persistence.${name}.cpio.zst`;
    assert.ok(file > (files.at(-1) as string));
    files.push(file);
  }
  // A clock that went back.
  assert.ok(`persistence.${nextLayerName(files, 0)}.cpio.zst` > (files.at(-1) as string));
});
