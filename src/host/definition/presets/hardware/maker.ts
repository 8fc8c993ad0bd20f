/** A fragment of one maker's processors and graphics. Pure. */
import { z } from 'zod';
import type { MachineInput } from '../../machine.js';
import { isDesktop } from '../desktop/session.js';
import { type Preset, presetOf } from '../preset.js';

const options = z.strictObject({
  video: z
    .boolean()
    .optional()
    .describe(
      'Drivers that decode and encode video on the graphics processor (VA-API). Default: true on a desktop.',
    ),
  vulkan: z.boolean().default(false).describe('Drivers for Vulkan: 81 MB more.'),
});

/** What a maker's hardware takes; packages of Debian trixie. */
export interface Maker {
  readonly summary: string;
  /** Firmware, microcode among it. */
  readonly firmware: readonly string[];
  /** Drivers for VA-API. */
  readonly video: readonly string[];
}

/** Drivers of Mesa for Vulkan: one package for all makers. */
const VULKAN = 'mesa-vulkan-drivers';

/**
 * The fragment. Without a desktop, drivers for video are left out: Mesa's with LLVM take 170 MB of RAM
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
