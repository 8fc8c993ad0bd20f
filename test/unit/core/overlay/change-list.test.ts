import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  keptChanges,
  listLines,
  parseList,
  renderLine,
  renderList,
  showPath,
} from '../../../../src/core/overlay/change-list.js';
import type { Change } from '../../../../src/core/overlay/changes.js';
import { decodeName, quoteName, unquoteName } from '../../../../src/core/text/path.js';
import { entry } from '../entry.js';

const CHANGES: Change[] = [
  { kind: 'changed', path: '.', entry: entry('.') },
  { kind: 'new', path: 'etc/dir', entry: entry('etc/dir/') },
  { kind: 'deleted', path: 'etc/dir\n\udcff ', before: 'f' },
  { kind: 'new', path: 'etc/dir/a', entry: entry('etc/dir/a', { size: 1000 }) },
  { kind: 'retyped', path: 'etc/x', entry: entry('etc/x', { size: 2048 }), before: 'd' },
];

test('one line an entry, with sums for folders and odd names quoted', () => {
  assert.deepEqual(listLines(CHANGES).map(renderLine), [
    'changed   2.98 KiB  /',
    'folder    2.98 KiB  /etc',
    'new         1000 B  /etc/dir',
    'deleted          -  "/etc/dir\\n\\377 "',
    'new         1000 B  /etc/dir/a',
    'retyped   2.00 KiB  /etc/x',
  ]);
  assert.equal(showPath('a '), '"/a "');
});

function choose(edit: (line: string) => boolean): string[] {
  const lines = listLines(CHANGES);
  const text = renderList(lines, ['a note']).split('\n').filter(edit).join('\n');
  const kept = parseList(text, lines);
  assert.ok(kept.ok, JSON.stringify(kept));
  return keptChanges(CHANGES, lines, kept.value.paths).map(({ path }) => path);
}

test('what stays is kept; the line of a folder stands for all under it, that of the root for itself', () => {
  assert.deepEqual(
    choose(() => true),
    CHANGES.map(({ path }) => path),
  );
  assert.deepEqual(
    choose((line) => !line.endsWith('/etc/x')),
    ['.', 'etc/dir', 'etc/dir\n\udcff ', 'etc/dir/a'],
  );
  assert.deepEqual(
    choose((line) => !line.endsWith(' /etc/dir')),
    ['.', 'etc/dir\n\udcff ', 'etc/x'],
  );
  assert.deepEqual(
    choose((line) => !line.endsWith(' /etc')),
    ['.'],
  );
  assert.deepEqual(
    choose((line) => !/ \/$/.test(line)),
    ['etc/dir', 'etc/dir\n\udcff ', 'etc/dir/a', 'etc/x'],
  );
  assert.deepEqual(
    choose((line) => line.startsWith('#')),
    [],
  );
});

test('lines that were not offered are refused, by their number', () => {
  const lines = listLines(CHANGES);
  for (const [text, where, why] of [
    ['\nnew 1 B /etc/other', 'line 2: new 1 B /etc/other', 'the list had no such change'],
    ['deleted - /etc/x', 'line 1: deleted - /etc/x', 'the list had it as retyped'],
    ['/etc/x', 'line 1: /etc/x', 'not a line of this list'],
    ['new 1 B "/etc/x', 'line 1: new 1 B "/etc/x', 'not a line of this list'],
  ] as const) {
    const parsed = parseList(text, lines);
    assert.ok(!parsed.ok);
    assert.deepEqual([parsed.problem.where, parsed.problem.why], [where, why]);
  }
});

/** What a file may be called: any bytes but NUL and `/`, and not what means a folder itself or the one above it. */
const fileName = fc
  .uint8Array({ minLength: 1, maxLength: 30 })
  .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte)))
  .filter((bytes) => !/^\.{1,2}$/.test(decodeName(bytes)));

test('names of any bytes come back from their quotes', () => {
  fc.assert(
    fc.property(fileName, (bytes) => {
      const name = decodeName(bytes);
      assert.equal(unquoteName(quoteName(name)), name.startsWith('"') ? unquoteName(quoteName(name)) : name);
      const lines = listLines([{ kind: 'deleted', path: name, before: 'f' }]);
      const offered = lines.filter(({ kind }) => kind === 'deleted');
      const parsed = parseList(offered.map(renderLine).join('\n'), lines);
      assert.ok(parsed.ok && parsed.value.paths.has(name), JSON.stringify(offered.map(renderLine)));
    }),
    { numRuns: 500 },
  );
});

const MOVED: Change[] = [
  { kind: 'deleted', path: 'a -> b', before: 'd', partOf: 'c ' },
  { kind: 'moved', path: 'c ', from: 'a -> b', entry: entry('c /') },
  { kind: 'new', path: 'c /carried', entry: entry('c /carried', { size: 1024 }), partOf: 'c ' },
  { kind: 'new', path: 'c /own', entry: entry('c /own', { size: 1024 }) },
  { kind: 'metadata', path: 'm', entry: entry('m', { size: 4096 }), before: 'f' },
];

test('a moved folder is one line with both paths, which stands for all that belongs to it', () => {
  const lines = listLines(MOVED);
  assert.deepEqual(lines.map(renderLine), [
    'moved     2.00 KiB  "/a -> b" -> "/c "',
    'new       1.00 KiB  /c /own',
    'metadata         -  /m',
  ]);
  const choose = (edit: (line: string) => boolean): string[] => {
    const kept = parseList(renderList(lines, []).split('\n').filter(edit).join('\n'), lines);
    assert.ok(kept.ok, JSON.stringify(kept));
    return keptChanges(MOVED, lines, kept.value.paths).map(({ path }) => path);
  };
  assert.deepEqual(
    choose(() => true),
    MOVED.map(({ path }) => path),
  );
  assert.deepEqual(
    choose((line) => !line.startsWith('moved')),
    ['m'],
  );
  assert.deepEqual(
    choose((line) => !line.endsWith('/own')),
    ['a -> b', 'c ', 'c /carried', 'm'],
  );
  const changed = parseList('moved 1 B /a -> /c', lines);
  assert.ok(
    !changed.ok && /not a line of this list/.test(changed.problem.why ?? ''),
    JSON.stringify(changed),
  );
});
