/** What a definition does by itself: hooks in the build, and tests of the machine. */
import { z } from 'zod';
import { hostPath } from './words.js';

/** Moments of a build. */
export const HOOK_POINTS = ['packages', 'system', 'images'] as const;

/** What a hook that is a function is given. */
export interface HookContext {
  /** The machine's tree on this host. */
  readonly root: string;
  /** The folder of the images. */
  readonly output: string;
  /** Run a program inside the machine's tree; resolves to what it printed. Its failure is the hook's. */
  run(...argv: string[]): Promise<string>;
}

export type HookFunction = (context: HookContext) => void | Promise<void>;

const hookFunction = z.custom<HookFunction>((value) => typeof value === 'function', 'must be a function');

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
        "image: inside the machine's tree. host: on this machine, with the tree in $MKMA_ROOT and the images' folder in $MKMA_OUTPUT.",
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

/** How long something may take. */
export interface GuestOptions {
  /** Seconds until it is given up. */
  readonly timeout?: number;
}

/**
 * The booted machine, as a machine test sees it. Everything is done as root, one thing after another; each method fails (its
 * promise is rejected) where the machine is no longer there.
 */
export interface Guest {
  /**
   * Run a command by `sh -c`, in / and without input; resolves to what it came to. It fails where the command is not done within
   * `timeout` (default: the test's), and kills it.
   */
  run(command: string, options?: GuestOptions): Promise<GuestOutcome>;
  /** The same, but any exit code except 0 fails the test. Resolves to what it printed, without the last line break. */
  ok(command: string, options?: GuestOptions): Promise<string>;
  /** The text of a file. */
  read(path: string): Promise<string>;
  /** Wait until a unit is active, 60 seconds unless told. */
  waitForUnit(unit: string, options?: GuestOptions): Promise<void>;
  /** Wait until something listens on a TCP port of the machine, 60 seconds unless told. */
  waitForPort(port: number, options?: GuestOptions): Promise<void>;
  /** Save what has changed, as `mkma persist` with these arguments (default: `--all`), on a disk that this run throws away. */
  persist(...args: string[]): Promise<void>;
  /** Boot it again, and wait until it is up. */
  reboot(): Promise<void>;
}

/** What a command came to. */
export interface GuestOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A test: it fails where it throws. */
export type TestFunction = (guest: Guest) => void | Promise<void>;

const machineTest = z
  .strictObject({
    name: z.string().min(1).describe('What it shows, in words.'),
    run: z
      .custom<TestFunction>((value) => typeof value === 'function', 'must be a function')
      .describe('Given the booted machine; what it throws is the failure.'),
    timeout: z.number().positive().default(300).describe('Seconds until it counts as failed.'),
  })
  .describe('A test of the booted machine, run by mkma test.');

export const actions = {
  hooks: z.array(hook).default([]).describe('What is run while the machine is built, in this order.'),
  tests: z
    .array(machineTest)
    .default([])
    .describe('Tests of the booted machine, run by mkma test in this order.'),
};
