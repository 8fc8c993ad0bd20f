/** What the runner reads of coverage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byFolder, coverageLine, readLcov } from '../lcov.js';

const LCOV = `TN:
SF:dist/src/core/erofs/reader.js
DA:1,1
BRF:4
BRH:3
LF:10
LH:8
end_of_record
TN:
SF:dist/test/unit/lcov.test.js
BRF:1
BRH:1
LF:100
LH:100
end_of_record
`;
const MODULES = [
  { path: 'dist/src/core/erofs/reader.js', lines: 10 },
  { path: 'dist/src/host/cli/sub/never.js', lines: 30 },
  { path: 'dist/src/host/cli/never.js', lines: 10 },
];

test('a module that no test loads counts with all its lines, and tests do not count', () => {
  const files = readLcov(LCOV, MODULES);
  assert.equal(coverageLine('all', files).replace(/ +/g, ' '), 'all 16.0 % of 50 lines, 75.0 % of branches');
  assert.equal(
    coverageLine('none', files.slice(1)).replace(/ +/g, ' '),
    'none 0.0 % of 40 lines, 0.0 % of branches',
  );
});

test('folders below core, guest and host are summed one by one', () => {
  const folders = [...byFolder(readLcov(LCOV, MODULES))].map(([name, files]) => [name, files.length]);
  assert.deepEqual(folders, [
    ['src/core/erofs', 1],
    ['src/host/cli', 2],
  ]);
});
