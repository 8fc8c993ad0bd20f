/** Retries a mirror after temporary failures, with growing pauses, each reported. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { Interrupted } from '../sys/run.js';
import { briefly, type MirrorAnswer, mayPass } from '../tools/mirror-answers.js';

/** Seconds to wait before the second try, the third, and so on. */
export const PAUSES: readonly number[] = [2, 5, 15];
/** Seconds that mkma waits at most because a server asks for it (Retry-After, RFC 9110). */
const LONGEST_WAIT = 300;

/** What one try resolves to. */
export interface Tried<T> {
  readonly result: T;
  /** The mirror's answer, if that ended it. */
  readonly answer?: MirrorAnswer | undefined;
  /** Seconds after which the mirror says to ask again. */
  readonly retryAfter?: number | undefined;
}

/**
 * Tries until success, until a permanent failure, or until the last try. Waits longer if the mirror asks for
 * it; one that asks for more than {@link LONGEST_WAIT} is not asked again.
 */
export async function tryAgain<T>(
  once: () => Promise<Tried<T>>,
  context: Context,
  pauses: readonly number[] = PAUSES,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const { result, answer, retryAfter = 0 } = await once();
    const pause = pauses[tries - 1];
    if (answer === undefined || !mayPass(answer) || pause === undefined || retryAfter > LONGEST_WAIT)
      return result;
    const wait = Math.max(pause, retryAfter);
    const next = `try ${tries + 1} of ${pauses.length + 1} in ${wait} seconds`;
    context.emit({ type: 'note', text: `the mirror failed at ${briefly(answer)}; ${next}` });
    await pauseFor(wait, context.signal);
  }
}

/** Waits; throws Interrupted when the signal is aborted. */
async function pauseFor(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch {
    throw new Interrupted();
  }
}
