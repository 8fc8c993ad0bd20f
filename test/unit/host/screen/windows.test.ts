import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fits, matches, parseWindows, wordsOf } from '../../../../src/host/screen/windows.js';

test('windows as the client prints them, and which one is meant', () => {
  const windows = parseWindows('foot\tada@desk: ~\nfirefox\tMozilla Firefox\n\t\nnoise\n');
  assert.deepEqual(windows, [
    { app: 'foot', title: 'ada@desk: ~' },
    { app: 'firefox', title: 'Mozilla Firefox' },
    { app: '', title: '' },
  ]);
  const found = (choice: Parameters<typeof fits>[1]) => windows.find((window) => fits(window, choice))?.app;
  assert.equal(found({ title: 'Firefox' }), 'firefox');
  assert.equal(found({ app: 'fire' }), undefined);
  assert.equal(found({ app: /^fire/, title: /mozilla/i }), 'firefox');
  assert.ok(matches('a text', 'tex') && !matches('a text', /^t/));
  assert.equal(wordsOf({ app: 'foot', title: /x/ }), 'the app foot and the title /x/');
});
