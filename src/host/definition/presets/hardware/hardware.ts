/** Fragments for kinds of hardware: parts of a machine, which are added to what makes one. Pure. */
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

/** Whether a name is one of a fragment, be there such a one or not: paths of definitions have a dot. */
export function isHardwareName(name: string): boolean {
  return /^hardware\/[^.]*$/.test(name);
}
