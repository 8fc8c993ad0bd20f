/** Codes of problems: all in use, none unknown, and nothing in the source that reads a problem's words instead. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PROBLEM_CODES } from '../../src/core/problems/codes.js';
import { readsWords } from './reads-words.js';

const source = fileURLToPath(new URL('../../../src', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(source, path), 'utf8') }));
const codes = Object.values(PROBLEM_CODES).flatMap((topic) => Object.entries(topic));

test('a code is words in kebab-case, has one topic, and says what it means and what to do', () => {
  const names = codes.map(([code]) => code);
  assert.ok(names.length > 150, `${names.length} codes found`);
  assert.deepEqual(
    names.filter((code) => !/^[a-z]+(-[a-z0-9]+)*$/.test(code)),
    [],
  );
  assert.equal(new Set(names).size, names.length);
  for (const [code, [meaning, remedy]] of codes) {
    for (const sentence of [meaning, remedy]) assert.match(sentence, /^\S.*\.$/, code);
  }
});

test('each code is that of a problem in the source', () => {
  const used = files.filter(({ path }) => !path.startsWith('core/problems/'));
  const text = used.map((file) => file.text).join('\n');
  assert.deepEqual(
    codes
      .map(([code]) => code)
      .filter(
        (code) =>
          !text.includes(`'${code}'`) &&
          !(code.startsWith('layer-other-') && text.includes('`layer-other-$')),
      ),
    [],
  );
});

test('nothing decides by the words of a problem', () => {
  assert.deepEqual(
    files.flatMap(({ path, text }) => readsWords(text).map((line) => `${path}:${line}`)),
    [],
  );
});

test('what would decide by words is found', () => {
  const planted = [
    "if (problem.what === 'no') return 1;",
    'if (/^no/.test(problem.why ?? "")) return 1;',
    'const { what } = problem; return what !== FULL;',
    'const { next } = fault; const hint = /x/.exec(next)?.[1];',
    "problem.next?.startsWith('did you mean')",
    "fault.what.replace('a', 'b')",
    "switch (problem.why) { case 'x': }",
  ];
  for (const line of planted) assert.deepEqual(readsWords(line), [1], line);
  for (const line of ["typeof what === 'string'", 'why === undefined', 'const why = cause.message.trim();']) {
    assert.deepEqual(readsWords(line), [], line);
  }
});
