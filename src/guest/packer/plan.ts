/** Input of the packer. */
import type { PlannedRecord } from '../../core/image/archive-plan.js';
import type { TarRecord } from '../../core/image/tar-plan.js';

/**
 * Where standard input has the content of a record, in bytes; in a frame that begins within the content, that
 * may be before its first byte. Records come in the order of their contents.
 */
export interface InStream {
  readonly content?: number;
}

interface Sources {
  /** The folder that the paths are relative to. */
  readonly root: string;
  /** The same for entries that were found in the view (isViewed in core/archive/tree.ts). */
  readonly view: string;
  /** The same for files of which there is a copy (`copied`); absent if there are none. */
  readonly copies?: string;
  /** By path, another name for files that the engine cannot open by their own: it only supports UTF-8. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** A frame: bytes `from` to `to` (exclusive) of the records as newc. */
export interface FramePlan extends Sources {
  readonly form: 'newc';
  readonly from: number;
  readonly to: number;
  readonly records: readonly (PlannedRecord & InStream)[];
}

/** A whole archive in the pax format, with its end. */
export interface TarPlan extends Sources {
  readonly form: 'pax';
  readonly records: readonly (TarRecord & InStream)[];
}

/**
 * Exit code if a file was not as planned. Standard error then has a line for each, ended by a NUL: {@link
 * IS_CHANGED} or {@link IS_REPLACED}, and its path.
 */
export const CHANGED = 3;
/** Exit code if standard input ended before it had all contents. */
export const INPUT_ENDED = 4;
/** It changed while it was read: it was truncated, or filled with zeros, or is a mixture. */
export const IS_CHANGED = 'c';
/** It was removed or replaced: nothing of it was read. */
export const IS_REPLACED = 'r';
