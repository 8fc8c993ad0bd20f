import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findTool, missingTools, packagesOf } from '../../../../src/host/sys/prerequisites.js';

const HERE = fileURLToPath(import.meta.url);
const FIRMWARE = { program: 'Firmware', package: 'firmware', purpose: 'starting' };

test('what is no program is found by its files, the first that is there', () => {
  assert.equal(findTool({ ...FIRMWARE, files: ['/no/such/file', HERE] }, ''), HERE);
  const tools = [
    { ...FIRMWARE, files: ['/no/such/file'] },
    { program: 'sh', package: 'dash', purpose: 'scripts' },
  ];
  assert.deepEqual(packagesOf(missingTools(tools, '')), ['firmware']);
});
