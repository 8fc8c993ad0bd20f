/** A stage of a build that is planned. */
import type { Difference } from '../stages/differences.js';

/**
 * `fetch`: from the mirror; `make`: here; `perhaps`: made if what is fetched differs from what there is;
 * `reuse`: from the cache; `keep`: the output folder's own stays.
 */
export type Doing = 'fetch' | 'make' | 'perhaps' | 'reuse' | 'keep';

/** A stage of the build. */
export interface PlannedStage {
  readonly stage: string;
  readonly does: Doing;
  readonly why?: string;
  /** Inputs that differ from those of what there is. */
  readonly differences: readonly Difference[];
  /** When what is reused or kept was made, ISO 8601. */
  readonly at?: string;
}
