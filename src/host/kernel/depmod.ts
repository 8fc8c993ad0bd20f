/** The index of a kernel's modules, as depmod(8) of the tree itself makes it. */
import { existsSync } from 'node:fs';
import { err, ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';
import { resolveInTree } from '../sys/tree-files.js';

/** Where depmod lies in a tree of Debian's, after and before its programs moved below /usr. */
const DEPMOD = ['/usr/sbin/depmod', '/sbin/depmod'];

/** Run depmod in the tree at `root`. Errors: the tree has none (`no-depmod`), and its own. */
export async function indexModules(
  root: string,
  release: string,
  signal: AbortSignal | undefined,
): Promise<Result<void>> {
  if (!DEPMOD.some((path) => existsSync(resolveInTree(root, path, true)))) {
    return err({
      code: 'no-depmod',
      what: 'the modules of the kernel cannot be indexed',
      where: 'packages',
      why: 'no package of the machine brings depmod, so nothing on it could load a module either',
      next: "add 'kmod' to packages",
    });
  }
  const done = await run({ file: 'chroot', args: [root, 'depmod', release] }, { signal });
  return done.ok ? ok() : done;
}
