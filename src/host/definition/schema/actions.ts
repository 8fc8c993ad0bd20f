/** What a definition does by itself: hooks in the build, and tests of the machine. */
import { z } from 'zod';
import type { HookFunction, TestFunction } from '../functions.js';
import { hostPath } from './words.js';

/** Moments of a build. */
export const HOOK_POINTS = ['packages', 'system', 'images'] as const;

const hookFunction = z
  .custom<HookFunction>((value) => typeof value === 'function', 'must be a function')
  .meta({ type: 'HookFunction' });

const hook = z
  .strictObject({
    at: z
      .enum(HOOK_POINTS)
      .describe(
        'packages: they are installed, nothing else is done. system: everything is done but leaving out and packing. images: they lie in the output folder (on the host only).',
      ),
    on: z
      .enum(['image', 'host'])
      .default('image')
      .describe(
        "image: inside the machine's tree. host: on this machine, with the tree in $MKMA_ROOT and the images' folder in $MKMA_OUTPUT. In both, $MKMA_KERNEL is the release of the machine's kernel, and the environment is clean, with this host's proxies; what a definition reads of other variables it passes on itself.",
      ),
    run: z
      .union(
        [z.string().min(1), z.strictObject({ script: hostPath.describe('A script file.') }), hookFunction],
        'must be shell commands, { script }, or a function',
      )
      .describe(
        'Shell commands that stop at the first that fails, a script file, or a function (on the host).',
      ),
  })
  .describe('Something to be run while the machine is built.');

const machineTest = z
  .strictObject({
    name: z.string().min(1).describe('What it shows, in words.'),
    run: z
      .custom<TestFunction>((value) => typeof value === 'function', 'must be a function')
      .meta({ type: 'TestFunction' })
      .describe('Given the booted machine; what it throws is the failure.'),
    timeout: z.number().min(1).default(300).describe('Seconds until it counts as failed.'),
  })
  .describe('A test of the booted machine, run by mkma test.');

export const actions = {
  hooks: z.array(hook).default([]).describe('What is run while the machine is built, in this order.'),
  tests: z
    .array(machineTest)
    .default([])
    .describe('Tests of the booted machine, run by mkma test in this order.'),
};
