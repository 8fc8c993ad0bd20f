import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Paths below src that a text names and that are not there; NAME stands for any. */
function missing(text: string, exists: (path: string) => boolean): string[] {
  const named = [...text.matchAll(/`((?:core|host|guest)\/[^`\s]*)`/g)].map(([, path = '']) => path);
  return named.filter((path) => !path.includes('NAME') && !exists(path));
}

test('files and folders that ARCHITECTURE.md names are there', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  assert.ok(text.includes('`host/definition/schema/`'));
  assert.deepEqual(
    missing(text, (path) => existsSync(join(root, 'src', path))),
    [],
  );
});

test('one that is gone is found', () => {
  const text = 'a row: `host/a.ts`, `host/b/`, `core/NAME.ts`, `sys/x.ts`';
  assert.deepEqual(
    missing(text, (path) => path === 'host/b/'),
    ['host/a.ts'],
  );
});
