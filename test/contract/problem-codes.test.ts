import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../../src', import.meta.url));

test('codes of problems are words in kebab-case', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const codes = files.flatMap((path) =>
    [...readFileSync(join(source, path), 'utf8').matchAll(/\bcode: '([^']*)',\s+what:/g)].map(
      ([, code = '']) => code,
    ),
  );
  assert.ok(codes.includes('interrupted'), `no codes found in ${files.length} files`);
  assert.deepEqual(
    codes.filter((code) => !/^[a-z]+(-[a-z0-9]+)*$/.test(code)),
    [],
  );
});
