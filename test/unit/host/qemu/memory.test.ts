import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultMemoryMiB } from '../../../../src/host/qemu/memory.js';

const MIB = 2 ** 20;

test('half of the RAM holds the base with at least 512 MiB to spare, never less than 2 GiB of RAM', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 64 * 1024 }), (unpacked) => {
      const ram = defaultMemoryMiB({ compressed: 1, unpacked: unpacked * MIB });
      assert.ok(ram >= 2048);
      assert.ok(ram / 2 >= unpacked + 512);
      assert.ok(ram <= Math.max(2048, 2 * (unpacked + 512) + 255));
    }),
  );
});

test('a base without a manifest is taken to be four times as large as compressed', () => {
  const guessed = defaultMemoryMiB({ compressed: 300 * MIB });
  assert.equal(guessed, defaultMemoryMiB({ compressed: 300 * MIB, unpacked: 1200 * MIB }));
  assert.equal(guessed, 3584);
});
