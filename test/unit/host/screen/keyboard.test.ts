import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chordOf,
  parseKeymap,
  type QemuKey,
  strokesOf,
  US_LAYOUT,
} from '../../../../src/host/screen/keyboard.js';

const words = (keys: readonly QemuKey[]): string => keys.map(({ data }) => data).join(' ');

/** Lines as `ckbcomp -layout de` prints them. */
const GERMAN = parseKeymap(`keymaps 0-127
keycode 16 = +U+0071 +U+0051 U+0040 +U+03a9 Control_q Control_q
keycode 21 = +U+007a +U+005a U+2190 U+00a5 Control_z Control_z
keycode 44 = +U+0079 +U+0059 U+00bb U+203a Control_y
keycode 12 = U+00df U+003f U+005c U+00bf
keycode 26 = +U+00fc +U+00dc dead_diaeresis
keycode 100 = AltGr
`);

test('chords: what is held down by its name, keys by name or character', () => {
  assert.equal(words(chordOf('super+Return', US_LAYOUT)), 'meta_l ret');
  assert.equal(words(chordOf('ctrl+alt+F2', US_LAYOUT)), 'ctrl alt f2');
  assert.equal(words(chordOf('super+d', US_LAYOUT)), 'meta_l 32');
  assert.equal(words(chordOf('A', US_LAYOUT)), 'shift 30');
  assert.equal(words(chordOf('ctrl++', US_LAYOUT)), 'ctrl shift 13');
  assert.equal(words(chordOf('XF86AudioMute', US_LAYOUT)), 'audiomute');
  assert.throws(() => chordOf('supr+d', US_LAYOUT), /no keyboard has a key "supr": did you mean super\?/);
});

test('texts in the layout of the machine: characters are where it has them', () => {
  const typed = (text: string, layout = GERMAN): string => strokesOf(text, layout).map(words).join(', ');
  assert.equal(typed('zy'), '21, 44');
  assert.equal(typed('zy', US_LAYOUT), '44, 21');
  assert.equal(typed('Z@\\ß?ü\n'), 'shift 21, alt_r 16, alt_r 12, 12, shift 12, 26, 28');
  assert.throws(() => typed('ł'), /no key for "ł"/);
  assert.equal(words(chordOf('super+z', GERMAN)), 'meta_l 21');
});
