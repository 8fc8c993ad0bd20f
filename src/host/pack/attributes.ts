/** The extended attributes of a tree (file capabilities and ACLs included). */
import { DUMP_ARGUMENTS, type FileAttributes, parseAttributes } from '../../core/archive/attributes.js';
import { ok, type Result } from '../../core/result.js';
import { sortByName } from '../../core/text/path.js';
import { requireUnmounted } from '../sys/mounts.js';
import { runBytes } from '../sys/run.js';

/** Reads the attributes of everything below `root` that belong to its files, sorted by path. */
export async function scanAttributes(root: string, signal?: AbortSignal): Promise<Result<FileAttributes[]>> {
  const free = requireUnmounted(root);
  if (!free.ok) return free;
  const command = { file: 'getfattr', args: [...DUMP_ARGUMENTS], cwd: root, env: { LC_ALL: 'C' } };
  const dump = await runBytes(command, { signal });
  if (!dump.ok) return dump;
  return ok(sortByName(parseAttributes(dump.value), ({ path }) => path));
}
