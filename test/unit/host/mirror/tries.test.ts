import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAUSES, tryAgain } from '../../../../src/host/mirror/tries.js';
import { Interrupted } from '../../../../src/host/sys/run.js';
import { mirrorAnswer } from '../../../../src/host/tools/mirror-answers.js';

const answered = (words: string) => mirrorAnswer(`E: Failed to fetch http://m.example/x.deb  ${words}\n`);

/** Try with these answers in order; `undefined`: success. Tells how often it was tried, and what was said. */
async function tries(answers: readonly (string | undefined)[], pauses: readonly number[]) {
  let count = 0;
  const notes: string[] = [];
  const { signal } = new AbortController();
  const context = {
    signal,
    emit: (event: { type: string; text?: string }) => void notes.push(event.text ?? ''),
  };
  const result = await tryAgain(
    async () => {
      const words = answers[Math.min(count++, answers.length - 1)];
      return { result: words ?? 'done', answer: words === undefined ? undefined : answered(words) };
    },
    context,
    pauses,
  );
  return { result, count, notes };
}

test('what may pass is tried until it does, and each time is said', async () => {
  const got = await tries(['503  Busy', '404  Not Found', undefined], [0.01, 0.02, 0.03]);
  assert.deepEqual([got.result, got.count], ['done', 3]);
  assert.deepEqual(got.notes, [
    'the mirror failed at x.deb: 503 Busy; try 2 of 4 in 0.01 seconds',
    'the mirror failed at x.deb: 404 Not Found; try 3 of 4 in 0.02 seconds',
  ]);
});

test('what does not pass is given up in the end; what will not, at once', async () => {
  assert.equal((await tries(['503  Busy'], [0.01, 0.01])).count, 3);
  assert.equal((await tries(['403  Forbidden'], [0.01, 0.01])).count, 1);
});

test('the pauses grow', () => {
  assert.deepEqual(
    PAUSES,
    [...PAUSES].sort((a, b) => a - b),
  );
  assert.equal(new Set(PAUSES).size, PAUSES.length);
});

test('a pause ends when a person interrupts', async () => {
  const abort = new AbortController();
  const context = { signal: abort.signal, emit: () => abort.abort() };
  const once = async () => ({ result: 0, answer: answered('503  Busy') });
  await assert.rejects(tryAgain(once, context, [60]), Interrupted);
});
