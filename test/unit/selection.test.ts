/** What the words after test/run mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSelection, selectTests } from '../selection.js';

const PATHS = ['vm/boot.test.js', 'cli/erofs.test.js', 'cli/cli.js', 'with/erofs/boot.test.js'];

/** The tests that a command line means. */
function meant(...args: string[]): string[] {
  const selection = readSelection(args);
  assert.ok(typeof selection !== 'string', String(selection));
  return selectTests(PATHS, selection);
}

test('words select files by their paths, whatever they are', () => {
  assert.deepEqual(meant(), ['cli/erofs.test.js', 'vm/boot.test.js']);
  assert.deepEqual(meant('erofs'), ['cli/erofs.test.js']);
  assert.deepEqual(meant('boot', 'cli'), ['cli/erofs.test.js', 'vm/boot.test.js']);
  assert.deepEqual(meant('nothing'), []);
});

test('the form is an option of its own; what else looks like one is wrong', () => {
  assert.deepEqual(readSelection(['vm', '--form=erofs']), { words: ['vm'], form: 'erofs' });
  assert.deepEqual(meant('vm', '--form=cpio'), ['vm/boot.test.js']);
  assert.equal(readSelection(['--form=squashfs']), '--form=squashfs: there is cpio and erofs');
  assert.match(String(readSelection(['--from=cpio'])), /Unknown option '--from'/);
});
