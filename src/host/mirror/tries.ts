/** Asking a mirror again: for what may pass, several times, with growing pauses, each said as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { Interrupted } from '../sys/run.js';
import { briefly, type MirrorAnswer, mayPass } from '../tools/mirror-answers.js';

/** Seconds to wait before the second try, the third, and so on. */
export const PAUSES: readonly number[] = [2, 5, 15];

/**
 * Try until it succeeds, until what failed will not pass, or for the last time. A try resolves to what it came to, and to the mirror's
 * answer where that ended it.
 */
export async function tryAgain<T>(
  once: () => Promise<{ readonly result: T; readonly answer?: MirrorAnswer | undefined }>,
  { emit, signal }: Context,
  pauses: readonly number[] = PAUSES,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const { result, answer } = await once();
    const pause = pauses[tries - 1];
    if (answer === undefined || !mayPass(answer) || pause === undefined) return result;
    const next = `try ${tries + 1} of ${pauses.length + 1} in ${pause} seconds`;
    emit({ type: 'note', text: `the mirror failed at ${briefly(answer)}; ${next}` });
    try {
      await sleep(pause * 1000, undefined, { signal });
    } catch {
      throw new Interrupted();
    }
  }
}
