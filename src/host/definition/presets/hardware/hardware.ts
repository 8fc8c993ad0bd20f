/** Fragments for kinds of hardware, to add to a preset. Pure. */
import type { Preset } from '../preset.js';
import { amd } from './amd.js';
import { intel } from './intel.js';
import { laptop } from './laptop.js';

export const HARDWARE = {
  'hardware/intel': intel,
  'hardware/amd': amd,
  'hardware/laptop': laptop,
} as const satisfies Readonly<Record<string, Preset>>;

export type HardwareName = keyof typeof HARDWARE;

/**
 * Whether a name has the form of a hardware fragment, existing or not: paths of definitions contain a dot.
 */
export function isHardwareName(name: string): boolean {
  return /^hardware\/[^.]*$/.test(name);
}
