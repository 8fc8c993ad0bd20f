/** A cached tree, unpacked. */
import { ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';

/**
 * Unpacks a cached tree with everything that a tarball of mmdebstrap contains. `leftOut`: patterns for tar(1)
 * of names that are not unpacked.
 */
export async function unpackTree(
  tarball: string,
  root: string,
  signal: AbortSignal,
  leftOut: readonly string[] = [],
): Promise<Result<void>> {
  const args = [
    '-x',
    '-p',
    '--zstd',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    ...leftOut.map((pattern) => `--exclude=${pattern}`),
    '-f',
    tarball,
    '-C',
    root,
  ];
  const done = await run({ file: 'tar', args }, { signal });
  return done.ok ? ok() : done;
}
