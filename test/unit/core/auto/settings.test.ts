import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AUTO_DEFAULTS,
  AUTO_TYPES,
  autoSettingsOf,
  contradiction,
} from '../../../../src/core/auto/settings.js';
import { formatDuration, parseDuration } from '../../../../src/core/text/duration.js';

/** A setting as a file has it, or what its value may be. */
function read(line: string): unknown {
  const [name = '', ...words] = line.split(/\s+/);
  const type = AUTO_TYPES[name];
  const value = type?.parse(words.join(' '));
  return value === undefined ? type?.words : autoSettingsOf(new Map([[name, { value }]]));
}

test('each setting is parsed to its unit', () => {
  const cases: [string, unknown][] = [
    ['every 30min', { every: 1800 }],
    ['least-change 1M', { leastChange: 2 ** 20 }],
    ['most-change 2G', { mostChange: 2 ** 31 }],
    ['free-ram 10%', { freeRam: { percent: 10 } }],
    ['free-room  200M', { freeRoom: { bytes: 200 * 2 ** 20 } }],
    ['mains-only yes', { mainsOnly: true }],
    ['shutdown-limit 90s', { shutdownLimit: 90 }],
    ['max-freeze 0.5s', { maxFreeze: 0.5 }],
    ['max-freeze 0', { maxFreeze: 0 }],
    ['merge no', { merge: false }],
    ['keep-recent 24', { keepRecent: 24 }],
    ['keep-daily 7', { keepDaily: 7 }],
    ['keep-weekly 1', { keepWeekly: 1 }],
  ];
  for (const [line, parsed] of cases) assert.deepEqual(read(line), parsed, line);
});

test('what is not understood says what is', () => {
  const cases: [string, RegExp][] = [
    ['every', /a time, such as 90s, 30min or 1h/],
    ['every 5', /a time/],
    ['every 0min', /a time/],
    ['most-change much', /an amount, such as 200M/],
    ['free-ram 101%', /an amount or a share/],
    ['mains-only maybe', /yes or no/],
    ['max-freeze 2min', /a time of 0 to 60 s, such as 0.5s/],
    ['keep-daily 0', /a number, 1 to 99/],
  ];
  for (const [line, words] of cases) assert.match(String(read(line)), words, line);
});

test('settings under which nothing could be saved contradict each other', () => {
  assert.equal(contradiction(AUTO_DEFAULTS), undefined);
  assert.match(
    contradiction({ ...AUTO_DEFAULTS, leastChange: 2 ** 31 }) ?? '',
    /least-change is larger than most-change/,
  );
});

test('lengths of time', () => {
  assert.deepEqual(['90s', '30min', '2h', '3d'].map(parseDuration), [90, 1800, 7200, 259_200]);
  assert.deepEqual(['', '0s', '5', '1m', '-1s', '1.5h', '1 h'].map(parseDuration), Array(7).fill(undefined));
  assert.deepEqual([0.4, 90, 1800, 7200, 200_000].map(formatDuration), [
    '0 s',
    '90 s',
    '30 min',
    '2 h',
    '2 days',
  ]);
});
