/** What the packer is told. */
import type { PlannedRecord } from '../../core/archive-plan.js';

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

/** Exit code where a file was not as long as planned: it was cut, or filled with zeros. */
export const CHANGED = 3;
