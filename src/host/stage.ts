/** A stage of a command with its events: started, then done or failed, however it ends. */
import type { Result } from '../core/result.js';
import type { Context } from './context.js';

/** Does the work of a stage. `why` it runs is reported at its start, the text from `outcome` at its end. */
export async function stage<T>(
  { emit }: Pick<Context, 'emit'>,
  name: string,
  why: string,
  work: () => Promise<Result<T>>,
  outcome?: (value: T) => string,
): Promise<Result<T>> {
  emit({ type: 'stage', stage: name, state: 'start', detail: why });
  let done = false;
  try {
    const result = await work();
    done = result.ok;
    if (result.ok) {
      const detail = outcome?.(result.value);
      emit({ type: 'stage', stage: name, state: 'done', ...(detail === undefined ? {} : { detail }) });
    }
    return result;
  } finally {
    if (!done) emit({ type: 'stage', stage: name, state: 'failed' });
  }
}
