/** Hooks: commands, scripts and functions of the definition, run at given points of a build. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';
import type { Context } from '../context.js';
import type { HookFunction } from '../definition/functions.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import type { HOOK_POINTS } from '../definition/schema/actions.js';
import { DEBUG_SHELL, step } from '../stage.js';
import type { Command } from '../sys/command.js';
import { readMounts, requireUnmounted } from '../sys/mounts.js';
import { MAKE_SPACE } from '../sys/no-space.js';
import { removeTree } from '../sys/remove.js';
import { Interrupted, run } from '../sys/run.js';
import { limitsHint } from '../sys/user-namespace.js';
import { hookLeft, releaseNew, seenAtLast, withLastLook } from './hook-mounts.js';
import { Tree } from './tree.js';

export interface HookPlace {
  /** The machine's tree. */
  readonly root: string;
  /** The folder of the images. */
  readonly output: string;
  /** SOURCE_DATE_EPOCH, if set. */
  readonly epoch?: number | undefined;
  /** Variables for what fetches: the host's proxies. */
  readonly fetching?: Readonly<Record<string, string>>;
  /** Whether hooks in the image reach the host's network. Default: yes. */
  readonly network?: boolean;
  /** `uname -r` of the machine's kernel; in the tree, uname reports that of the building machine. */
  readonly kernel: string;
}

/** Variables that describe the machine. */
function variablesOf({ kernel, epoch }: HookPlace): Record<string, string> {
  return { MKMA_KERNEL: kernel, ...(epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) }) };
}

/** Run the hooks of one moment, in order. */
export async function runHooks(
  at: (typeof HOOK_POINTS)[number],
  machine: MachineConfig,
  place: HookPlace,
  context: Context,
): Promise<Result<void>> {
  for (const [i, hook] of machine.hooks.entries()) {
    if (hook.at !== at) continue;
    const title = titleOf(hook, i);
    const done = await step(context, 'system', title, (inner) => runHook(hook, i, place, inner));
    if (!done.ok) return done;
  }
  // What is mounted now is not from a hook.
  return requireUnmounted(place.root);
}

type Hook = MachineConfig['hooks'][number];

async function runHook(hook: Hook, i: number, place: HookPlace, context: Context): Promise<Result<void>> {
  const { run: what, on } = hook;
  const left = (mounts: readonly string[]): void => {
    if (mounts.length === 0) return;
    context.emit({ type: 'warning', problem: hookLeft(nameOf(['hooks', i]), mounts) });
  };
  const script = (): string | Uint8Array =>
    typeof what === 'string'
      ? `#!/bin/sh\nset -e\n${what}\n`
      : readFileSync((what as { script: string }).script);
  const done =
    typeof what === 'function'
      ? await callFunction(what, place, context, left)
      : await runScript(script(), on, place, context, left);
  if (done.ok) return done;
  const problem = failed(done.problem, i);
  const inside = typeof what === 'string' && on === 'image' ? { script: what } : {};
  await context.onFailure?.({ stage: 'system', root: place.root, problem, ...inside });
  return err(problem);
}

/** Longest part of a command that names its hook. */
const TITLE = 40;

/** A hook's name for people: its place in the definition, and what it runs. */
function titleOf({ run: what }: Hook, i: number): string {
  const text =
    typeof what === 'function'
      ? what.name
      : typeof what === 'string'
        ? (what.trim().split('\n')[0] ?? '')
        : basename(what.script);
  const short = text.length > TITLE ? `${text.slice(0, TITLE - 1)}…` : text;
  return withoutLogins(`${nameOf(['hooks', i])} ${short}`).trim();
}

/**
 * What failed in a hook, without the command by which mkma entered the tree: it means nothing to the hook's
 * author.
 */
function failed(problem: Problem, i: number): Problem {
  const field = ['hooks', i];
  const hook = { what: 'a hook failed', where: nameOf(field), field };
  if (problem.code === 'no-space') return { ...problem, ...hook, why: problem.why ?? problem.what };
  const why = problem.code === 'program-failed' ? problem.why : problem.what;
  return {
    ...{ code: 'hook-failed', ...hook },
    ...(why === undefined ? {} : { why }),
    next: `${DEBUG_SHELL}${limitsHint(why ?? '')}`,
  };
}

/** Reads the script from standard input, so that it needs no file of its own in the tree. */
const TAKE = 'f=$(mktemp) && trap \'rm -f "$f"\' EXIT && cat > "$f" && chmod 700 "$f" && "$f" </dev/null';

async function runScript(
  script: string | Uint8Array,
  on: 'image' | 'host',
  place: HookPlace,
  context: Context,
  left: (mounts: readonly string[]) => void,
): Promise<Result<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-hook-'));
  const mounts = join(folder, 'mounts');
  try {
    if (on === 'image') {
      const tree = new Tree(place.root, context, place.epoch, place.fetching, place.network);
      const words = ['env', `MKMA_KERNEL=${place.kernel}`, 'sh', '-c', TAKE];
      const done = await tree.run(words, script, (command) => withLastLook(command, mounts));
      if (done.ok) left(seenAtLast(mounts, place.root, place.output));
      return done.ok ? ok() : done;
    }
    const file = join(folder, 'hook');
    writeFileSync(file, script, { mode: 0o700 });
    const { root, output } = place;
    const env = { MKMA_ROOT: root, MKMA_OUTPUT: output, ...variablesOf(place) };
    const onLine = (line: string): void => context.emit({ type: 'output', stage: 'system', line });
    // What the user's own tools need, and namespaces of its own, so that an interruption ends everything it
    // started.
    const hook: Command = { file, args: [], env, secretEnv: place.fetching, passes: ['hook'] };
    const done = await run(withLastLook(hook, mounts), { signal: context.signal, onLine });
    if (done.ok) left(seenAtLast(mounts, root, output));
    return done.ok ? ok() : done;
  } finally {
    removeTree(folder);
  }
}

class CommandFailed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.what);
  }
}

/**
 * In mkma's own process, which has its own mount namespace during a build (own-mounts.ts): it may close over
 * anything.
 */
async function callFunction(
  hook: HookFunction,
  place: HookPlace,
  context: Context,
  left: (mounts: readonly string[]) => void,
): Promise<Result<void>> {
  const before = readMounts();
  const tree = new Tree(place.root, context, place.epoch, place.fetching, place.network);
  const { root, output } = place;
  const interrupted = aborted(context.signal);
  try {
    const called = hook({
      ...{ root, output },
      run: async (...argv) => {
        const done = await tree.run(argv);
        if (!done.ok) throw new CommandFailed(done.problem);
        return done.value;
      },
    });
    await Promise.race([called, interrupted.promise]);
    return ok();
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    if (cause instanceof CommandFailed) return err(cause.problem);
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    return err(full ? { code: 'no-space', what, next: MAKE_SPACE } : { code: 'hook-failed', what });
  } finally {
    interrupted.forget();
    left(await releaseNew([root, output], before));
  }
}

/** Rejects when the signal is aborted. */
function aborted(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(new Interrupted());
    signal.addEventListener('abort', onAbort, { once: true });
    forget = () => signal.removeEventListener('abort', onAbort);
  });
  return { promise, forget };
}
