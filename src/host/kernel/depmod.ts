/** The index of a kernel's modules, made by the tree's own depmod(8). */
import { existsSync } from 'node:fs';
import { err, ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';
import { resolveInTree } from '../sys/tree-files.js';

/** Where depmod is in a Debian tree, after and before programs moved below /usr. */
const DEPMOD = ['/usr/sbin/depmod', '/sbin/depmod'];

/** Runs depmod in the tree at `root`. Errors: the tree has none (`no-depmod`), and those of depmod. */
export async function indexModules(
  root: string,
  release: string,
  signal: AbortSignal | undefined,
): Promise<Result<void>> {
  if (!DEPMOD.some((path) => existsSync(resolveInTree(root, path, true)))) {
    return err({
      code: 'no-depmod',
      what: "cannot index the kernel's modules",
      where: 'packages',
      why: 'no package of the machine contains depmod, without which it cannot load modules either',
      next: "add 'kmod' to packages",
    });
  }
  const done = await run({ file: 'chroot', args: [root, 'depmod', release] }, { signal });
  return done.ok ? ok() : done;
}
