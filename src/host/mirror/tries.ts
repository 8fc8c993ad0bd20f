/** Retries a mirror after temporary failures, with growing pauses, each reported. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { Interrupted } from '../sys/run.js';
import { briefly, type MirrorAnswer, mayPass } from '../tools/mirror-answers.js';

/** Seconds to wait before the second try, the third, and so on. */
export const PAUSES: readonly number[] = [2, 5, 15];

/**
 * Tries until success, until a permanent failure, or until the last try. A try resolves to its result, and to
 * the mirror's answer if that ended it.
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
