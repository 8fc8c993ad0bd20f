import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerReserve } from '../../../src/guest/init/reserve.js';
import { FakeMachine } from './fake-machine.js';

const SETTING = '/proc/sys/vm/min_free_kbytes';

/** What the reserve is afterwards, in KiB. */
function lowered(kibibytes: number, before: string, cmdline = 'quiet'): string | undefined {
  const machine = new FakeMachine();
  machine.files.set('/proc/meminfo', { content: `MemTotal: ${kibibytes} kB\n` });
  machine.files.set('/proc/cmdline', { content: `${cmdline}\n` });
  machine.files.set(SETTING, { content: before });
  lowerReserve(machine);
  return machine.readText(SETTING);
}

test("the kernel's reserve is lowered to what it takes by the size of the RAM, and never raised", () => {
  assert.equal(lowered(2_000_000, '45056\n'), '5656\n');
  assert.equal(lowered(64_000_000, '67584\n'), '32000\n');
  assert.equal(lowered(2_000_000, '4000\n'), '4000\n');
  assert.equal(lowered(500, '300\n'), '128\n');
});

test('what the kernel command line sets stays', () => {
  assert.equal(lowered(2_000_000, '45056\n', 'quiet sysctl.vm.min_free_kbytes=45056'), '45056\n');
});
