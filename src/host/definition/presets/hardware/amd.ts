/** The fragment `hardware/amd`. */
import { makerFragment } from './maker.js';

export const amd = makerFragment({
  summary: "AMD's processor and graphics: microcode, firmware of amdgpu and radeon, drivers for video",
  firmware: ['amd64-microcode', 'firmware-amd-graphics'],
  video: ['mesa-va-drivers'],
});
