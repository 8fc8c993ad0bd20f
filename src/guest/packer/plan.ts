/** Input of the packer. */
import type { PlannedRecord } from '../../core/image/archive-plan.js';

/** A frame: bytes `from` to `to` (exclusive) of the records as newc. */
export interface FramePlan {
  readonly from: number;
  readonly to: number;
  /** The folder that the paths are relative to. */
  readonly root: string;
  /** The same for entries that were found in the view (isViewed in core/archive/tree.ts). */
  readonly view: string;
  readonly records: readonly PlannedRecord[];
  /** By path, another name for files that the engine cannot open by their own: it only supports UTF-8. */
  readonly aliases: Readonly<Record<string, string>>;
}

/**
 * Exit code if a file was not as planned. Standard error then has a line for each, ended by a NUL: {@link
 * IS_CHANGED} or {@link IS_REPLACED}, and its path.
 */
export const CHANGED = 3;
/** It changed while it was read: it was truncated, or filled with zeros, or is a mixture. */
export const IS_CHANGED = 'c';
/** It was removed or replaced: nothing of it was read. */
export const IS_REPLACED = 'r';
