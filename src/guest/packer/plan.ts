/** What the packer is told. */
import type { PlannedRecord } from '../../core/image/archive-plan.js';

/** A frame: bytes `from` to `to` (exclusive) of what the records are as newc. */
export interface FramePlan {
  readonly from: number;
  readonly to: number;
  /** The folder that the paths count from. */
  readonly root: string;
  readonly records: readonly PlannedRecord[];
  /** By path, another name for files whose own the engine cannot open: it knows UTF-8 alone. */
  readonly aliases: Readonly<Record<string, string>>;
}

/**
 * Exit code where a file was not as planned. Standard error then holds a line for each, ended by a NUL: {@link IS_CHANGED} or
 * {@link IS_REPLACED}, and its path.
 */
export const CHANGED = 3;
/** It changed while it was read: it was cut, or filled with zeros, or is neither as it was nor as it is. */
export const IS_CHANGED = 'c';
/** It is gone, or another one has its place: nothing of that was read. */
export const IS_REPLACED = 'r';
