/** What was saved and cannot be read any more is made anew. */
import assert from 'node:assert/strict';
import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MEMORY, resume, savedMachine } from '../vm/saved.js';

test('a saved machine that was cut short is booted and saved again', async () => {
  // Of its own, so that other tests keep theirs.
  const options = { append: 'mkma_timeout=31' };
  const file = join(await savedMachine(options), MEMORY);
  const { size } = statSync(file);
  truncateSync(file, size >> 1);
  await using vm = (await resume(options)).vm;
  assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
  assert.ok(statSync(file).size > size / 2 + 1);
});
