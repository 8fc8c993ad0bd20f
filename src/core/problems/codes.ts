/**
 * Every code that a problem can have, with what it means and what to do: the truth from which the reference is made. Programs that
 * only name codes import the type alone, so that none of the text is in them.
 */
import { BOOT } from './boot.js';
import { BUILD } from './build.js';
import { DEFINITION } from './definition.js';
import { IMAGES } from './images.js';
import { MACHINE } from './machine.js';
import { USAGE } from './usage.js';
import { VIRTUAL_MACHINES } from './virtual-machines.js';

/** The codes by topic, each as [what it means, what to do]. */
export const PROBLEM_CODES = {
  'Command line': USAGE,
  Definition: DEFINITION,
  Build: BUILD,
  'Images and layers': IMAGES,
  'Early boot': BOOT,
  'Running machine': MACHINE,
  'Boot loaders and virtual machines': VIRTUAL_MACHINES,
} as const;

/** Names the kind of a problem for programs and tests: stable where its words improve. */
export type ProblemCode =
  | keyof typeof USAGE
  | keyof typeof DEFINITION
  | keyof typeof BUILD
  | keyof typeof IMAGES
  | keyof typeof BOOT
  | keyof typeof MACHINE
  | keyof typeof VIRTUAL_MACHINES;
