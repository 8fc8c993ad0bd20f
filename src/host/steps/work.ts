/** A build in progress. */
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import type { Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { stage } from '../stage.js';
import type { BuildState, StageRecord } from '../stages/build-state.js';
import type { TreeState } from '../stages/decide.js';
import type { OutputFolder } from '../sys/output.js';
import type { Change } from '../trees/changes.js';
import type { Stack } from '../trees/stack.js';
import type { BuildSettings } from './settings.js';

/** What an earlier build left in the output folder, and what is wanted now. */
export interface Recorded {
  readonly settings: BuildSettings;
  readonly output: Pick<OutputFolder, 'path'>;
  readonly state: BuildState;
}

/** What the stages of one build pass to each other. */
export interface Work {
  readonly settings: BuildSettings;
  readonly context: Context;
  readonly output: OutputFolder;
  readonly state: BuildState;
  /** `chroot/` as this build found it. */
  readonly tree: TreeState;
  readonly ran: string[];
  /** Records to write once everything is published. */
  readonly records: Record<string, StageRecord>;
  /** Files and trees in the scratch folder, by their final names. */
  readonly made: Map<string, string>;
  /** The tree that this build makes, until it is published. */
  readonly stack: {
    current?: Stack | undefined;
    /** Where it differs from the lower trees; absent: it is a copy. */
    changes?: readonly Change[];
  };
  /** Files of an earlier build that this one no longer has. */
  readonly gone: Set<string>;
}

/** Runs a stage of the build. */
export async function runStage<T>(
  work: Work,
  name: string,
  why: string,
  outcome: (value: T) => string,
  make: () => Promise<Result<T>>,
): Promise<Result<T>> {
  work.ran.push(name);
  const made = await stage(work.context, name, why, make, outcome);
  if (!made.ok) await work.context.onFailure?.({ stage: name, root: treeOf(work), problem: made.problem });
  return made;
}

/** The tree that a stage works with: the one that this build makes, else that of an earlier one. */
function treeOf({ stack, output }: Work): string {
  return stack.current?.root ?? join(output.path, FILES.chroot);
}
