import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DatedLayer, mergesDue } from '../../../../src/core/auto/merging.js';
import { AUTO_DEFAULTS } from '../../../../src/core/auto/settings.js';
import { Chance } from '../../../cli/persist/random.js';

const DAY = 86_400_000;
/** A Thursday at noon. */
const NOW = Date.UTC(2026, 10, 26, 12);

function layer(name: string, daysAgo: number, automatic = true): DatedLayer {
  return { name, automatic, saved: NOW - daysAgo * DAY };
}

const due = (layers: readonly DatedLayer[], now = NOW) => mergesDue(layers, AUTO_DEFAULTS, now);

test('layers of one day become one, once it is over; so do those of a week, and older ones', () => {
  assert.deepEqual(due([layer('a', 2.2), layer('b', 2.1), layer('c', 1.2), layer('d', 0.5), layer('e', 0)]), [
    ['a', 'b'],
  ]);
  assert.deepEqual(due([layer('a', 12), layer('b', 11), layer('c', 5)]), [['a', 'b']]);
  assert.deepEqual(due([layer('a', 300), layer('b', 90), layer('c', 60), layer('d', 0)]), [['a', 'b', 'c']]);
});

test('of the last day the newest stay apart', () => {
  const layers = Array.from({ length: 15 }, (_, i) => layer(String(i), (15 - i) / 100));
  assert.deepEqual(due(layers), [['0', '1', '2']]);
});

test('what a person saved is never merged, nor is anything across it', () => {
  assert.deepEqual(due([layer('a', 90), layer('b', 80), layer('mine', 70, false), layer('c', 65)]), [
    ['a', 'b'],
  ]);
  assert.deepEqual(due([layer('a', 90), layer('mine', 70, false), layer('c', 65)]), []);
});

test('off, nothing is merged', () => {
  assert.deepEqual(mergesDue([layer('a', 90), layer('b', 80)], { ...AUTO_DEFAULTS, merge: false }, NOW), []);
});

test('a clock that jumps neither forms more periods nor merges across days', () => {
  // Layers made with a clock in 2040, and in 1970.
  assert.deepEqual(due([layer('a', 0.2), layer('future', -5000), layer('b', 0.1)]), []);
  const past = [layer('a', 5.2), layer('b', 3.2), layer('past', 20_000), layer('c', 2.1), layer('d', 0.1)];
  assert.deepEqual(due(past), [['past', 'c']]);
  const future = [layer('a', 5.2), layer('b', 3.2), layer('future', -5000), layer('c', 2.1), layer('d', 0.1)];
  assert.deepEqual(due(future), [['future', 'c']]);
});

test('over 400 days with random saves, some by hand and some by clocks gone wrong, the number stays bounded', () => {
  const chance = new Chance(25);
  let layers: DatedLayer[] = [];
  let most = 0;
  for (let hour = 0; hour < 400 * 24; hour++) {
    const now = NOW + hour * 3_600_000;
    if (chance.number(10) < 3) {
      const jump = chance.number(100) === 0 ? (chance.number(1000) - 500) * DAY : 0;
      layers.push({ name: `${hour}`, automatic: true, saved: now + jump });
    }
    for (const range of mergesDue(layers, AUTO_DEFAULTS, now)) {
      const from = layers.findIndex(({ name }) => name === range[0]);
      assert.deepEqual(
        layers.slice(from, from + range.length).map(({ name }) => name),
        range,
      );
      const merged = layers[from + range.length - 1] as DatedLayer;
      layers = [...layers.slice(0, from), merged, ...layers.slice(from + range.length)];
    }
    most = Math.max(most, layers.length);
  }
  const { keepRecent, keepDaily, keepWeekly } = AUTO_DEFAULTS;
  assert.ok(most <= keepRecent + keepDaily + keepWeekly + 5, `${most} layers`);
  assert.ok(most >= keepDaily + keepWeekly, `${most} layers`);
});
