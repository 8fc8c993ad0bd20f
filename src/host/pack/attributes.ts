/** The extended attributes of a tree (file capabilities and ACLs included). */
import { join } from 'node:path';
import {
  DUMP_ARGUMENTS,
  type FileAttributes,
  namespacedCapability,
  parseAttributes,
} from '../../core/archive/attributes.js';
import { err, ok, type Result } from '../../core/result.js';
import { quoteName, sortByName } from '../../core/text/path.js';
import { requireUnmounted } from '../sys/mounts.js';
import { runBytes } from '../sys/run.js';

/** Reads the attributes of everything below `root` that belong to its files, sorted by path. */
export async function scanAttributes(root: string, signal?: AbortSignal): Promise<Result<FileAttributes[]>> {
  const free = requireUnmounted(root);
  if (!free.ok) return free;
  const command = { file: 'getfattr', args: [...DUMP_ARGUMENTS], cwd: root, env: { LC_ALL: 'C' } };
  const dump = await runBytes(command, { signal });
  if (!dump.ok) return dump;
  const found = sortByName(parseAttributes(dump.value), ({ path }) => path);
  const foreign = refuseNamespaced(root, found);
  return foreign.ok ? ok(found) : foreign;
}

/** Fails if a file has capabilities that count only in another user namespace. */
export function refuseNamespaced(root: string, found: readonly FileAttributes[]): Result<void> {
  const path = namespacedCapability(found);
  if (path === undefined) return ok();
  return err({
    code: 'namespaced-capability',
    what: "a file's capabilities count only in a user namespace",
    where: join(root, quoteName(path)),
    why: 'they are of version 3, set by a user who was root only there: the machine would ignore them',
    next: `set them again in mkma shell: getcap -n /${quoteName(path)} shows them, setcap sets them`,
  });
}
