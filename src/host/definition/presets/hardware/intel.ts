/** The fragment `hardware/intel`. */
import { makerFragment } from './maker.js';

/** Package with the microcode of Intel's processors. */
export const INTEL_MICROCODE = 'intel-microcode';

export const intel = makerFragment({
  summary: "Intel's processor and graphics: microcode, firmware of i915 and xe, drivers for video",
  firmware: [INTEL_MICROCODE, 'firmware-intel-graphics'],
  // iHD for Broadwell (2014) and newer, i965 for what is older.
  video: ['intel-media-va-driver', 'i965-va-driver'],
});
