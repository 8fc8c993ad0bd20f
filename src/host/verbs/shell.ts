/**
 * `mkma shell`: a shell in `chroot/`, with its mounts in a namespace of its own, so that they end with it.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { BuildState } from '../stages/build-state.js';
import { treeState } from '../stages/decide.js';
import type { Owner } from '../sys/files.js';
import { requireUnmounted } from '../sys/mounts.js';
import { openOutput, STATE } from '../sys/output.js';
import { Interrupted } from '../sys/run.js';
import { requireOwnTree } from '../sys/tree-owner.js';
import { enterShell } from './enter-shell.js';

export interface ShellOptions {
  /** Output folder, absolute. */
  readonly output: string;
  /** Command to run; none: an interactive shell. */
  readonly command: readonly string[];
  readonly terminal: string;
  /** Variables that name proxies. */
  readonly fetching: Readonly<Record<string, string>>;
  readonly owner?: Owner | undefined;
}

export interface ShellResult {
  /** Exit code of the shell or command. */
  readonly exitCode: number;
  /** Whether `chroot/` differs from what the last build made. */
  readonly edited: boolean;
}

export async function shell(options: ShellOptions, context: Context): Promise<Result<ShellResult>> {
  const root = join(options.output, FILES.chroot);
  if (!existsSync(root)) {
    return err({
      code: 'chroot-missing',
      what: 'no machine to enter',
      where: root,
      next: 'build one first: mkma build',
    });
  }
  const output = await openOutput(options.output, options.owner, context.signal);
  if (!output.ok) return output;
  try {
    const tree = join(output.value.path, FILES.chroot);
    for (const right of [requireUnmounted(tree), requireOwnTree(tree)]) if (!right.ok) return right;
    const ended = await enterShell(
      { ...options, root, name: basename(output.value.path), command: options.command },
      context,
    );
    if (context.signal.aborted) throw new Interrupted();
    if (!ended.ok) return ended;
    const state = BuildState.read(join(output.value.path, STATE, 'state.json'));
    const left = await treeState(output.value.path, state);
    if (!left.ok) return left;
    const edited = left.value.state === 'edited';
    if (edited)
      context.emit({ type: 'note', text: 'chroot/ was edited; the next mkma build packs it as it is' });
    return ok({ exitCode: ended.value.exitCode, edited });
  } finally {
    output.value.close((problem) => context.emit({ type: 'warning', problem }));
  }
}
