/** The fragment `hardware/intel`. */
import { makerFragment } from './maker.js';

/** Package with microcode for Intel processors. */
export const INTEL_MICROCODE = 'intel-microcode';

export const intel = makerFragment({
  summary: 'Intel processors and graphics: microcode, firmware for i915 and xe, video drivers',
  firmware: [INTEL_MICROCODE, 'firmware-intel-graphics'],
  // iHD for Broadwell (2014) and newer, i965 for older ones.
  video: ['intel-media-va-driver', 'i965-va-driver'],
});
