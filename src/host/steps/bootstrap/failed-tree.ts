/** The tree of a bootstrap that failed, for a person to look at. */
import { join } from 'node:path';
import type { Problem } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { run } from '../../sys/run.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import { bootstrapCommand } from '../../tools/mmdebstrap.js';
import { follow } from './follow.js';

/**
 * Shows the tree, if anybody wants to see it. mmdebstrap removes the tree of a tarball that it cannot make,
 * but leaves a folder that was to be its result as it is: it does the same work again, with what it
 * downloaded before. `entry` is the folder of the cache entry, which its hooks write to.
 */
export async function showFailedTree(
  request: BootstrapRequest,
  entry: string,
  stage: string,
  problem: Problem,
  context: Context,
): Promise<void> {
  if (context.onFailure === undefined) return;
  const root = join(request.temporary, 'failed-tree');
  context.emit({ type: 'note', text: `${stage} failed; once more, to keep its tree` });
  const command = bootstrapCommand({ ...request, target: root });
  const { phases, onLine } = follow(stage, context, []);
  const env = { ...command.env, MKMA_ENTRY: entry };
  try {
    await run({ ...command, env }, { signal: context.signal, onLine });
  } finally {
    phases.end('failed');
  }
  await context.onFailure({ stage, root, problem });
}
