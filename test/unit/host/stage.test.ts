import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok } from '../../../src/core/result.js';
import type { Event } from '../../../src/host/report/event.js';
import { Phases, stage, step } from '../../../src/host/stage.js';
import { run } from '../../../src/host/sys/run.js';

/** A context that collects events, without times. */
function collecting() {
  const events: object[] = [];
  const seconds: number[] = [];
  const emit = (event: Event): void => {
    if (!('seconds' in event) || event.seconds === undefined) {
      events.push(event);
      return;
    }
    const { seconds: took, ...rest } = event;
    seconds.push(took);
    events.push(rest);
  };
  return { events, seconds, context: { emit, signal: new AbortController().signal } };
}

const PROBLEM = { code: 'bug', what: 'it failed' } as const;

test('steps within steps: each by its path, with its time; what they emit is about them', async () => {
  const { events, seconds, context } = collecting();
  const done = await stage(context, 'system', 'not built yet', () =>
    step(context, 'system', 'customising', (outer) =>
      step(
        outer,
        'system',
        'users',
        async (inner) => {
          inner.emit({ type: 'output', stage: 'system', line: 'made' });
          inner.emit({ type: 'progress', stage: 'system', done: 1, unit: 'items' });
          inner.emit({ type: 'note', text: 'by the way' });
          return ok(3);
        },
        (count) => `${count} users`,
      ),
    ),
  );
  assert.deepEqual(done, ok(3));
  const path = ['customising', 'users'];
  assert.deepEqual(events, [
    { type: 'stage', stage: 'system', state: 'start', detail: 'not built yet' },
    { type: 'step', stage: 'system', path: ['customising'], state: 'start' },
    { type: 'step', stage: 'system', path, state: 'start' },
    { type: 'output', stage: 'system', path, line: 'made' },
    { type: 'progress', stage: 'system', path, done: 1, unit: 'items' },
    { type: 'note', text: 'by the way' },
    { type: 'step', stage: 'system', path, state: 'done', detail: '3 users' },
    { type: 'step', stage: 'system', path: ['customising'], state: 'done' },
    { type: 'stage', stage: 'system', state: 'done' },
  ]);
  assert.equal(seconds.length, 3);
  assert.ok(seconds.every((one) => Number.isFinite(one) && one >= 0));
});

test('a step that fails or throws is reported as failed, and so is its stage', async () => {
  for (const work of [
    async () => err(PROBLEM),
    async () => {
      throw new Error('a bug');
    },
  ]) {
    const { events, context } = collecting();
    await stage(context, 'base', '', () => step(context, 'base', 'packing', work)).catch(() => undefined);
    const states = events.map((one) => ('state' in one ? one.state : ''));
    assert.deepEqual(states, ['start', 'start', 'failed', 'failed']);
  }
});

test('programs are reported as events of the step that started them, without logins', async () => {
  const { events, context } = collecting();
  const words = [
    '-c',
    'echo to stdout; echo at http://me:secret@host/ >&2; exit 3',
    'http://me:secret@host/',
  ];
  await stage(context, 'kernel', '', () =>
    step(context, 'kernel', 'asking', (inner) => run({ file: 'sh', args: words }, { signal: inner.signal })),
  );
  const about = { stage: 'kernel', path: ['asking'] };
  const command = `sh -c 'echo to stdout; echo at http://***@host/ >&2; exit 3' http://***@host/`;
  assert.deepEqual(
    events.filter((one) => 'line' in one || 'command' in one),
    [
      { type: 'command', ...about, command, state: 'start' },
      { type: 'output', ...about, line: 'at http://***@host/' },
      { type: 'command', ...about, command, state: 'ended', exitCode: 3 },
    ],
  );
});

test('phases end with the next one', () => {
  const { events, context } = collecting();
  const phases = new Phases(context, 'packages');
  phases.enter('lists');
  phases.enter('lists');
  phases.enter('installing');
  assert.deepEqual(phases.path, ['installing']);
  phases.end('failed');
  phases.end('done');
  const states = events.map((one) => ('path' in one && 'state' in one ? `${one.path} ${one.state}` : ''));
  assert.deepEqual(states, ['lists start', 'lists done', 'installing start', 'installing failed']);
});
