import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeName, encodeName } from '../../../../src/core/text/path.js';
import { SecretLine } from '../../../../src/guest/storage/line.js';

/** What typing comes to: the line, and what the terminal got. */
function typed(...pieces: readonly string[]): [line: string, echo: string, end: string | undefined] {
  const line = new SecretLine();
  let echo = '';
  let end: string | undefined;
  for (const piece of pieces) {
    const got = line.feed(encodeName(piece));
    echo += got.echo;
    end = got.end ?? end;
  }
  return [decodeName(line.bytes), echo, end];
}

test('each character shows as an asterisk, and enter ends the line', () => {
  assert.deepEqual(typed('ab', 'c\r'), ['abc', '***', 'line']);
  assert.deepEqual(typed('zß\n'), ['zß', '**', 'line']);
  assert.deepEqual(typed('a\x03'), ['a', '*', 'interrupt']);
});

test('backspace takes a whole character, Ctrl-U all of them', () => {
  assert.deepEqual(typed('aß\x7f'), ['a', '**\b \b', undefined]);
  assert.deepEqual(typed('\x08x'), ['x', '*', undefined]);
  assert.deepEqual(typed('abc\x15d'), ['d', `***${'\b \b'.repeat(3)}*`, undefined]);
});

test('cursor and function keys, and other control characters, do nothing', () => {
  assert.deepEqual(typed('a\x1b[Ab\x1bOPc\x1b[3~d\te'), ['abcde', '*****', undefined]);
  assert.deepEqual(typed('a\x1b', '[', 'Ab'), ['ab', '**', undefined]);
});

test('a line has at most 512 bytes, and is wiped when it is cleared', () => {
  const [line, echo] = typed('x'.repeat(513));
  assert.equal(line.length, 512);
  assert.ok(echo.endsWith('*\x07'));
  const secret = new SecretLine();
  secret.feed(encodeName('abc'));
  secret.clear();
  assert.equal(secret.bytes.length, 0);
});
