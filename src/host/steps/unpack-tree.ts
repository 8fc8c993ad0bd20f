/** A cached tree, unpacked. */
import { ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';
import { lackingNodes } from './device-nodes.js';

/**
 * Unpacks a cached tree with everything that a tarball of mmdebstrap contains, except device nodes where this
 * process cannot make any. `leftOut`: patterns for tar(1) of names that are not unpacked.
 */
export async function unpackTree(
  tarball: string,
  root: string,
  signal: AbortSignal,
  leftOut: readonly string[] = [],
): Promise<Result<void>> {
  const nodes = await lackingNodes(tarball, signal);
  if (!nodes.ok) return nodes;
  const patterns = [...leftOut, ...nodes.value.map(({ path }) => `./${path}`)];
  const args = [
    '-x',
    '-p',
    '--zstd',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    ...patterns.map((pattern) => `--exclude=${pattern}`),
    '-f',
    tarball,
    '-C',
    root,
  ];
  const done = await run({ file: 'tar', args }, { signal });
  return done.ok ? ok() : done;
}
