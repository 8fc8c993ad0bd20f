import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Times } from '../../../../src/host/times.js';
import { buildFacts, factLines } from '../../../../src/host/verbs/build-summary.js';

test('the end of a build: packages, times, and what was not done again', () => {
  const times = new Times();
  times.note({ type: 'stage', stage: 'tools', state: 'reused', detail: '53 packages' });
  times.note({ type: 'stage', stage: 'packages', state: 'start', detail: 'not in the cache' });
  times.note({ type: 'downloads', stage: 'packages', fetched: 2 ** 20, reused: 3 * 2 ** 20 });
  times.note({ type: 'step', stage: 'packages', path: ['lists'], state: 'start' });
  times.note({ type: 'step', stage: 'packages', path: ['lists'], state: 'done', seconds: 2 });
  times.note({ type: 'step', stage: 'packages', path: ['lists', 'inner'], state: 'done', seconds: 1 });
  times.note({ type: 'stage', stage: 'packages', state: 'done', detail: '88 packages', seconds: 31.5 });
  times.note({ type: 'stage', stage: 'base', state: 'start', detail: 'changed: chroot/' });
  times.note({ type: 'stage', stage: 'base', state: 'done', seconds: 1.25 });
  const largest = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, i) => ({ name, bytes: 2 ** 20 * (9 - i) }));
  const kept = [{ stage: 'initramfs', at: '2026-11-30T12:34:56.000Z' }];
  const facts = buildFacts({ count: 88, largest }, times, kept, 33.2);
  assert.deepEqual(facts.stages, [
    {
      ...{ stage: 'packages', state: 'done', seconds: 31.5, why: 'not in the cache', detail: '88 packages' },
      steps: [{ step: 'lists', seconds: 2 }],
    },
    { stage: 'base', state: 'done', seconds: 1.25, why: 'changed: chroot/', steps: [] },
  ]);
  assert.deepEqual(facts.saved, { reused: ['tools'], kept, downloads: 3 * 2 ** 20 });
  assert.equal(facts.downloaded, 2 ** 20);
  assert.deepEqual(factLines(facts), [
    '  packages                    88  largest: a 9.00 MiB, b 8.00 MiB, c 7.00 MiB, d 6.00 MiB,',
    '                                  e 5.00 MiB, f 4.00 MiB',
    '  time                      33 s  packages 32 s, base 1.3 s',
    '  not done again                  from the cache: tools',
    '                                  kept: initramfs of 2026-11-30 12:34 UTC',
    '                                  3.00 MiB of 4.00 MiB of packages downloaded before',
  ]);
});
