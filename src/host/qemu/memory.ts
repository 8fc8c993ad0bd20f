/** How much RAM a virtual machine gets. */
import { mebibytes } from '../../core/text/size.js';

const SMALLEST_MIB = 2048;
const STEP_MIB = 256;
/** Room for work in the RAM file system besides the base. */
const ROOM_MIB = 512;
/** Assumed compression ratio of a base without a manifest. */
const GUESSED_RATIO = 4;

/** What is known about the base. */
export interface BaseSize {
  readonly compressed: number;
  /** From the manifest; absent for a base of other tools. */
  readonly unpacked?: number | undefined;
}

/** MiB of RAM so that the RAM file system, by default half of it, holds the base and has room left. */
export function defaultMemoryMiB(base: BaseSize): number {
  const unpacked = base.unpacked ?? base.compressed * GUESSED_RATIO;
  const wanted = 2 * (mebibytes(unpacked) + ROOM_MIB);
  return Math.max(SMALLEST_MIB, Math.ceil(wanted / STEP_MIB) * STEP_MIB);
}
