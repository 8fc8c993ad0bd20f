import assert from 'node:assert/strict';
import { test } from 'node:test';
import { savingLines } from '../../../../src/host/leave-out/tell.js';

const MIB = 2 ** 20;

test('what was left out is told, and what could be with the option for it; little is not worth a word', () => {
  const savings = {
    docs: { leftOut: true, bytes: 15 * MIB },
    locales: { leftOut: true, bytes: 38 * MIB },
    modules: { leftOut: false, bytes: 67 * MIB },
    firmware: { leftOut: false, bytes: MIB - 1 },
  };
  assert.deepEqual(savingLines(savings), [
    '',
    '  left out              53.0 MiB  docs 15.0 MiB, locales 38.0 MiB',
    '  could be left out     67.0 MiB  modules 67.0 MiB: --without modules',
  ]);
  assert.deepEqual(savingLines({ ...savings, modules: savings.firmware }).length, 2);
  assert.deepEqual(savingLines(undefined), []);
});
