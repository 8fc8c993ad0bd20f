/** A cached tree, unpacked. */
import { ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';

/** Unpacks a cached tree with everything that a tarball of mmdebstrap contains. */
export async function unpackTree(tarball: string, root: string, signal: AbortSignal): Promise<Result<void>> {
  const args = [
    '-x',
    '-p',
    '--zstd',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    '-f',
    tarball,
    '-C',
    root,
  ];
  const done = await run({ file: 'tar', args }, { signal });
  return done.ok ? ok() : done;
}
