/** What a tree holds that this version's images cannot carry. */
import { ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';

/**
 * Names of files below `root` with extended attributes (file capabilities and ACLs are such), relative and as getfattr(1)
 * quotes them.
 */
export async function filesWithAttributes(root: string, signal?: AbortSignal): Promise<Result<string[]>> {
  const args = ['--recursive', '--physical', '--no-dereference', '--match=-', '.'];
  const listing = await run({ file: 'getfattr', args, cwd: root, env: { LC_ALL: 'C' } }, { signal });
  if (!listing.ok) return listing;
  return ok([...listing.value.stdout.matchAll(/^# file: (.*)$/gm)].map((match) => match[1] as string));
}
