import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineSchema } from '../../../../src/host/definition/machine.js';

test('early boot carries the generic modules unless a definition says otherwise', () => {
  assert.equal(machineSchema.parse({ hostname: 'box' }).initramfs.modules, 'generic');
  const initramfs = { modules: 'hardware' };
  assert.equal(machineSchema.parse({ hostname: 'box', initramfs }).initramfs.modules, 'hardware');
  const wrong = machineSchema.safeParse({ hostname: 'box', initramfs: { modules: 'host' } });
  assert.deepEqual(wrong.error?.issues[0]?.path, ['initramfs', 'modules']);
});
