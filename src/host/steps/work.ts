/** One build under way. */
import type { Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { stage } from '../stage.js';
import type { BuildState, StageRecord } from '../stages/build-state.js';
import type { TreeState } from '../stages/decide.js';
import type { OutputFolder } from '../sys/output.js';
import type { BuildSettings } from './settings.js';

/** What the stages of one build hand on to each other. */
export interface Work {
  readonly settings: BuildSettings;
  readonly context: Context;
  readonly output: OutputFolder;
  readonly state: BuildState;
  /** `chroot/` as this build found it. */
  readonly tree: TreeState;
  readonly ran: string[];
  /** Records to write down once everything is published. */
  readonly records: Record<string, StageRecord>;
  /** Files and trees in the scratch folder, by the name they are published under. */
  readonly made: Map<string, string>;
  /** Files of an earlier build that this one does not have any more. */
  readonly gone: Set<string>;
}

/** Run a stage of the build. */
export function runStage<T>(
  work: Work,
  name: string,
  why: string,
  outcome: (value: T) => string,
  make: () => Promise<Result<T>>,
): Promise<Result<T>> {
  work.ran.push(name);
  return stage(work.context, name, why, make, outcome);
}
