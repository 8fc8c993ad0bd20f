/** Prose uses the words of the trade, and each rule finds what it forbids. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsIn } from './prose/check.js';
import { findAll } from './prose/files.js';

test('nothing is left to mend', () => {
  const lines = [...findAll()].flatMap(([path, findings]) =>
    findings.map(({ line, what }) => `${path}:${line}: ${what}`),
  );
  assert.deepEqual(lines, []);
});

/** What is found, as LINE: WHAT up to the advice. */
function findings(path: string, text: string): string[] {
  return findingsIn(path, text).map(({ line, what }) => `${line}: ${what.replace(/: .*/, '')}`);
}

test('Markdown: words of prose, across lines; not code, addresses or what is quoted as code', () => {
  const text = `# It tells

A name is said
anew, and \`tells\` is code: [a link](tells.md).

    mkma tells

\`\`\`
tells
\`\`\`
* Who tells it is told.
`;
  assert.deepEqual(findings('docs/a.md', text), [
    '1: “tells”',
    '3: “is said”',
    '4: “anew”',
    '11: “tells”',
    '11: “told”',
  ]);
});

test('TypeScript: comments and strings, also put together; not names', () => {
  const text = `/**
 * What there
 * is to see.
 */
const told = tells.told;
// it was
// said
const a = 'cannot be ' + 'taken ' +
  'back';
const b = \`a \${told} \${x}fault\`;
const c = ['is', 'told'];
`;
  assert.deepEqual(findings('src/a.ts', text), [
    '2: “What there is to”',
    '6: “was said”',
    '8: “taken back”',
    '10: “fault”',
    '11: “told”',
  ]);
});

test('shell: comments, where the file says that it is shell', () => {
  assert.deepEqual(findings('presets/a/b', '#!/bin/sh\n# It tells\necho tells\n'), ['2: “tells”']);
  assert.deepEqual(findings('presets/a/b.conf', '# It tells\n'), []);
});

test('what only looks like one of them is none of them', () => {
  for (const text of ['a default', 'page fault', 'unless told otherwise', 'foretells', 'can be told apart'])
    assert.deepEqual(findings('docs/a.md', text), [], text);
});

test('wide lines: Markdown from 101 columns on, but for tables, code and addresses; comments from 111 on', () => {
  const wide = (columns: number, before = ''): string => `${before}${'x '.repeat(columns)}`.slice(0, columns);
  const markdown = [wide(100), wide(101), wide(101, '| '), wide(101, '    '), wide(101, '[a](b) ')].join(
    '\n',
  );
  assert.deepEqual(findings('docs/a.md', markdown), ['2: 101 columns']);
  const code = [
    wide(110, '// '),
    wide(111, '// '),
    `const a = '${wide(120)}';`,
    '/**',
    wide(111, ' * '),
    ' */',
  ];
  assert.deepEqual(findings('src/a.ts', code.join('\n')), ['2: 111 columns', '5: 111 columns']);
});

test('of the changelog only the section of the next release is checked', () => {
  assert.deepEqual(findings('CHANGELOG.md', '# C\n\n## Unreleased\n\ntells\n\n## 0.1.0\n\ntells\n'), [
    '5: “tells”',
  ]);
});
