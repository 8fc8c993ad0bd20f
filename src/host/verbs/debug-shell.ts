/** `mkma build --debug-shell`: a shell in the tree in which a build failed, before it is removed. */
import { existsSync } from 'node:fs';
import { type Problem, renderProblem } from '../../core/result.js';
import type { Context, Event, FailedTree } from '../context.js';
import { requireUnmounted } from '../sys/mounts.js';
import { Interrupted } from '../sys/run.js';
import { enterShell, shellIn } from './enter-shell.js';

export interface DebugShellOptions {
  readonly terminal: string;
  readonly fetching: Readonly<Record<string, string>>;
  /** Clears what the printer draws at the terminal. */
  readonly clear: () => void;
}

/** Variable of the shell with the script that failed. */
const FAILED = 'MKMA_FAILED';

/** The context for a build whose failures open a shell. While it is open, events wait. */
export function withDebugShell(context: Context, options: DebugShellOptions): Context {
  const shown = new Set<Problem>();
  let held: Event[] | undefined;
  let turn: Promise<void> = Promise.resolve();
  const emit = (event: Event): void => {
    if (held === undefined) context.emit(event);
    else held.push(event);
  };
  const open = async (failed: FailedTree): Promise<void> => {
    if (shown.has(failed.problem)) return;
    shown.add(failed.problem);
    for (const text of introduction(failed)) context.emit({ type: 'note', text });
    if (!canEnter(failed.root)) return;
    options.clear();
    held = [];
    try {
      const { root, stage, script } = failed;
      const env = script === undefined ? {} : { [FAILED]: script };
      const entered = await enterShell({ ...options, root, name: stage, command: [], env }, context);
      if (!entered.ok) context.emit({ type: 'warning', problem: entered.problem });
    } finally {
      const waiting = held;
      held = undefined;
      for (const event of waiting) context.emit(event);
    }
    if (context.signal.aborted) throw new Interrupted();
  };
  return {
    ...context,
    emit,
    // Two stages that run side by side may both fail.
    onFailure: (failed) => {
      turn = turn.catch(() => undefined).then(() => open(failed));
      return turn;
    },
  };
}

function canEnter(root: string): boolean {
  return existsSync(root) && requireUnmounted(root).ok && shellIn(root) !== undefined;
}

/** What the person at the terminal has to know. */
function introduction({ stage, root, problem, script }: FailedTree): string[] {
  const head = [`${stage} failed:`, ...renderProblem(problem)];
  if (!existsSync(root)) return [...head, 'there is no tree to look at: nothing was made yet'];
  if (!canEnter(root))
    return [...head, `no shell: the tree has none yet, or something is mounted in it: ${root}`];
  const again =
    script === undefined ? [] : [`what failed is in $${FAILED}: sh -e -c "$${FAILED}" repeats it`];
  const shell = `a shell in the tree as it is now, ${root}; the build ends when you leave it (exit)`;
  return [...head, '', shell, ...again];
}
