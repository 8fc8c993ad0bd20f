/** A machine whose /overlay was unmounted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootRecord } from '../../../../src/core/boot/record.js';
import { checkView } from '../../../../src/guest/mkma/view.js';
import { problemOf } from '../../problem.js';
import { BASE, bootedMachine, mkma, RECORD } from './booted.js';

const EROFS: BootRecord = { ...RECORD, images: [{ ...BASE, format: 'erofs' }] };

/** A machine on which this is no longer mounted. */
function without(point: string, record = RECORD) {
  const machine = bootedMachine(record);
  const mounts = (machine.readText('/proc/self/mountinfo') ?? '').split('\n');
  const left = mounts.filter((line) => line.split(' ')[4] !== point);
  machine.files.set('/proc/self/mountinfo', { content: left.join('\n') });
  machine.files.set('/proc/self/status', { content: 'Uid:\t0\t0\t0\t0\n' });
  return machine;
}

test('the view is looked for where it is mounted, a base that is a file system by itself', () => {
  assert.ok(checkView(bootedMachine(), EROFS).ok);
  problemOf(checkView(without('/overlay'), RECORD), 'view-gone');
  const { where } = problemOf(checkView(without('/overlay/base'), EROFS), 'view-gone');
  assert.equal(where, '/overlay/base');
  assert.ok(checkView(without('/overlay/base'), RECORD).ok);
});

test('without it persist says so before it does anything, and status tells the rest', async () => {
  const machine = without('/overlay');
  const { code, out } = await mkma(machine, ['persist', '--all', '--json']);
  assert.equal(code, 1);
  assert.equal(JSON.parse(out).error.code, 'view-gone');
  assert.deepEqual(machine.calls, []);
  const status = await mkma(without('/overlay'), ['status']);
  assert.equal(status.code, 0);
  assert.match(
    status.out,
    /\nwarnings +cannot access the base, the layers and the changes: \/overlay \[view-gone\]; /,
  );
  assert.match(status.out, /the changes since boot cannot be seen/);
});
