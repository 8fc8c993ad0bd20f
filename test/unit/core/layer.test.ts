import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isSelected,
  layerName,
  layersAmong,
  parseLayerSelection,
  unknownNames,
} from '../../../src/core/layer.js';

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
