/** The list of mutations fits the sources: test/mutate runs it, which takes minutes. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { applyTo } from '../mutations/apply.js';
import { MUTATIONS } from '../mutations/list.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

test('every mutation changes a text that its file has exactly once, and names tests of the short suite', () => {
  for (const mutation of MUTATIONS) {
    const changed = applyTo(readFileSync(join(repository, mutation.file), 'utf8'), mutation);
    assert.ok(typeof changed === 'object', `${mutation.id}: ${changed}`);
    assert.ok(mutation.tests.length > 0, mutation.id);
    for (const path of mutation.tests) {
      assert.match(path, /^(unit|contract|cli)\//, mutation.id);
      assert.ok(existsSync(join(repository, 'test', `${path}.test.ts`)), `${mutation.id}: ${path}`);
    }
  }
  assert.equal(new Set(MUTATIONS.map(({ id }) => id)).size, MUTATIONS.length);
});

test('a text that is not there, or twice, does not fit', () => {
  const mutation = { id: 'x', breaks: '', file: 'f', from: 'a', to: 'c', tests: [] };
  assert.deepEqual(applyTo('bab', mutation), { text: 'bcb' });
  for (const source of ['b', 'aa']) assert.equal(typeof applyTo(source, mutation), 'string');
});
