/** The fragment `hardware/amd`. */
import { makerFragment } from './maker.js';

export const amd = makerFragment({
  summary: 'AMD processors and graphics: microcode, firmware for amdgpu and radeon, video drivers',
  firmware: ['amd64-microcode', 'firmware-amd-graphics'],
  video: ['mesa-va-drivers'],
});
