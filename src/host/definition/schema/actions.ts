/** Hooks in the build, and tests of the machine. */
import { z } from 'zod';
import type { HookFunction, TestFunction } from '../functions.js';
import { hostPath } from './words.js';

/** Moments of a build at which hooks run. */
export const HOOK_POINTS = ['packages', 'system', 'images'] as const;

const hookFunction = z
  .custom<HookFunction>((value) => typeof value === 'function', 'must be a function')
  .meta({ type: 'HookFunction' });

const hook = z
  .strictObject({
    at: z
      .enum(HOOK_POINTS)
      .describe(
        'packages: after packages are installed, before all else. system: before parts are left out and the images are packed. images: after the images are in the output folder (on the host only).',
      ),
    on: z
      .enum(['image', 'host'])
      .default('image')
      .describe(
        "image: inside the machine's tree. host: on this host, with the path of the tree in $MKMA_ROOT and of the images folder in $MKMA_OUTPUT. In both, $MKMA_KERNEL is the release of the machine's kernel. The environment contains the proxies of this host and nothing else of it.",
      ),
    run: z
      .union(
        [z.string().min(1), z.strictObject({ script: hostPath.describe('A script file.') }), hookFunction],
        'must be shell commands, { script }, or a function',
      )
      .describe(
        'Shell commands, which stop at the first failure; a script file; or a function, which runs on the host.',
      ),
  })
  .describe('Commands or a function that run during the build.');

const machineTest = z
  .strictObject({
    name: z.string().min(1).describe('Name of the test: what it checks.'),
    run: z
      .custom<TestFunction>((value) => typeof value === 'function', 'must be a function')
      .meta({ type: 'TestFunction' })
      .describe('Function that is called with the booted machine; the test fails if it throws.'),
    timeout: z.number().min(1).default(300).describe('Time limit in seconds.'),
  })
  .describe('A test of the booted machine, run by mkma test.');

export const actions = {
  hooks: z
    .array(hook)
    .default([])
    .describe('Commands and functions that run during the build, in this order.'),
  tests: z
    .array(machineTest)
    .default([])
    .describe('Tests of the booted machine, run by mkma test in this order.'),
};
