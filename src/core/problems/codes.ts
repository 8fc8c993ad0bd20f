/**
 * Every code of a problem, with its meaning and remedy: the source of docs/reference/problems.md. Programs
 * that only name codes import the type alone, so they contain none of the text.
 */
import { BOOT } from './boot.js';
import { BUILD } from './build.js';
import { DEFINITION } from './definition.js';
import { IMAGES } from './images.js';
import { LOCKS } from './locks.js';
import { MACHINE } from './machine.js';
import { MEDIA } from './media.js';
import { OPENED_STORAGE } from './opened-storage.js';
import { USAGE } from './usage.js';
import { VIRTUAL_MACHINES } from './virtual-machines.js';

/** The codes by topic, each as [meaning, remedy]. */
export const PROBLEM_CODES = {
  'Command line': USAGE,
  Definition: DEFINITION,
  Build: BUILD,
  Locks: LOCKS,
  'Images and layers': IMAGES,
  'Early boot': BOOT,
  'Encrypted and logical volumes': OPENED_STORAGE,
  'Running machine': MACHINE,
  'Boot loaders and virtual machines': VIRTUAL_MACHINES,
  Media: MEDIA,
} as const;

/** The kind of a problem, for programs and tests: stable, unlike the wording of messages. */
export type ProblemCode =
  | keyof typeof USAGE
  | keyof typeof DEFINITION
  | keyof typeof BUILD
  | keyof typeof LOCKS
  | keyof typeof IMAGES
  | keyof typeof BOOT
  | keyof typeof OPENED_STORAGE
  | keyof typeof MACHINE
  | keyof typeof VIRTUAL_MACHINES
  | keyof typeof MEDIA;
