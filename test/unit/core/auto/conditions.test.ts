import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  conditionsAfter,
  conditionsBefore,
  type MachineState,
} from '../../../../src/core/auto/conditions.js';
import { AUTO_DEFAULTS, type AutoSettings } from '../../../../src/core/auto/settings.js';

const GIB = 2 ** 30;
const STATE: MachineState = { sinceLast: 7200, onBattery: false, availableRam: GIB, totalRam: 4 * GIB };

function unmet(
  occasion: 'timer' | 'shutdown',
  state: Partial<MachineState>,
  settings: Partial<AutoSettings> = {},
): string[] {
  return conditionsBefore({ ...AUTO_DEFAULTS, ...settings }, occasion, { ...STATE, ...state })
    .filter(({ holds }) => !holds)
    .map(({ text }) => text);
}

test('the timer waits for its time, for mains power, for package managers and for RAM', () => {
  assert.deepEqual(unmet('timer', {}), []);
  assert.deepEqual(unmet('timer', { sinceLast: 3600 }), []);
  assert.deepEqual(unmet('timer', { sinceLast: 1800 }), ['30 min since the last save (every 60 min)']);
  assert.deepEqual(unmet('timer', { onBattery: true }), []);
  assert.deepEqual(unmet('timer', { onBattery: true }, { mainsOnly: true }), ['on battery (mains-only)']);
  assert.deepEqual(unmet('timer', { packagesBusy: 'dpkg' }), ['dpkg changes packages']);
  assert.deepEqual(unmet('timer', { availableRam: GIB / 10 }), [
    '102 MiB of RAM available (free-ram 5%: 205 MiB)',
  ]);
});

test('at shutdown neither the time nor the power counts, since there is no later chance', () => {
  assert.deepEqual(unmet('shutdown', { sinceLast: 1, onBattery: true }, { mainsOnly: true }), []);
  assert.deepEqual(unmet('shutdown', { packagesBusy: 'dpkg' }), ['dpkg changes packages']);
});

test('what changed lies within bounds, and the medium has room', () => {
  const after = (
    occasion: 'timer' | 'shutdown',
    changedBytes: number,
    freeRoom = GIB,
    settings: Partial<AutoSettings> = {},
  ): string[] =>
    conditionsAfter({ ...AUTO_DEFAULTS, ...settings }, occasion, {
      ...{ changedBytes, freeRoom, totalRoom: 8 * GIB },
    })
      .filter(({ holds }) => !holds)
      .map(({ text }) => text);
  // A deletion has no bytes, and is a change.
  assert.deepEqual(after('timer', 0), []);
  assert.deepEqual(after('timer', 100, GIB, { leastChange: 1000 }), [
    '100 B changed (least-change 1000 B, most-change 1.00 GiB)',
  ]);
  assert.deepEqual(after('shutdown', 100, GIB, { leastChange: 1000 }), []);
  assert.deepEqual(after('shutdown', 2 * GIB), ['2.00 GiB changed (most-change 1.00 GiB)']);
  assert.deepEqual(after('timer', 100, GIB / 4), ['256 MiB free on the medium (free-room 5%: 410 MiB)']);
});
