/** Fragments for processors and graphics of one manufacturer. Pure. */
import { z } from 'zod';
import type { MachineInput } from '../../machine.js';
import { isDesktop } from '../desktop/session.js';
import { type Preset, presetOf } from '../preset.js';

const options = z.strictObject({
  video: z
    .boolean()
    .optional()
    .describe('Drivers that decode and encode video on the GPU (VA-API). Default: true on a desktop.'),
  vulkan: z.boolean().default(false).describe('Vulkan drivers, 81 MB.'),
});

/** Packages for the hardware of a manufacturer, in Debian trixie. */
export interface Maker {
  readonly summary: string;
  /** Firmware, including microcode. */
  readonly firmware: readonly string[];
  /** Drivers for VA-API. */
  readonly video: readonly string[];
}

/** Mesa's Vulkan drivers: one package for all manufacturers. */
const VULKAN = 'mesa-vulkan-drivers';

/**
 * The fragment. Without a desktop, video drivers are left out: Mesa's with LLVM take 170 MB of RAM
 * (Installed-Size of mesa-libgallium and libllvm19 in trixie).
 */
export function makerFragment({ summary, firmware, video }: Maker): Preset {
  return presetOf(summary, options, (chosen) => ({
    options: chosen,
    fields: { firmware: [...firmware], packages: chosen.vulkan ? [VULKAN] : [] },
    faults: [],
    finish: (machine: MachineInput) => ({
      packages: (chosen.video ?? isDesktop(machine)) ? [...video] : [],
    }),
    check: () => [],
  }));
}
