/** Kernel modules from outside the kernel's package: built by dkms, by `builds`, by hand. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { indexModules } from '../kernel/depmod.js';
import { modulesFolder } from '../kernel/module-folders.js';
import { moduleName } from '../kernel/modules.js';
import { run } from '../sys/run.js';
import { below } from '../sys/walk.js';
import { buildDkms } from './bootstrap/dkms.js';

/** Lets dkms build what is missing, indexes all modules again, and reports unsigned ones. */
export async function addModules(root: string, release: string, context: Context): Promise<Result<void>> {
  const strange = modulesOfOther(root, release);
  if (strange !== undefined) return err(strange);
  const built = await buildDkms(root, release, context);
  if (!built.ok) return built;
  const added = addedModules(root, release);
  if (added.length === 0) return ok();
  const { signal } = context;
  const indexed = await indexModules(root, release, signal);
  if (!indexed.ok) return indexed;
  const unsigned: string[] = [];
  for (const path of added) {
    const args = [root, 'modinfo', '--field', 'sig_id', `/${relative(root, path)}`];
    const asked = await run({ file: 'chroot', args }, { signal });
    if (!asked.ok) return asked;
    if (asked.value.stdout.trim() === '') unsigned.push(moduleName(path));
  }
  if (unsigned.length > 0) {
    const text = `unsigned kernel modules, which a machine with Secure Boot refuses to load: ${unsigned.join(', ')}`;
    context.emit({ type: 'note', text });
  }
  return ok();
}

/** Paths on this host, in byte order. */
export function addedModules(root: string, release: string): string[] {
  const folder = join(modulesFolder(root), release);
  const files = below(folder).files.filter((path) => isModule(path));
  return files.filter((path) => !relative(folder, path).startsWith('kernel/'));
}

/** Identifies the content of all added modules; empty: there are none. */
export function digestOfAdded(root: string, release: string): string {
  const paths = addedModules(root, release);
  if (paths.length === 0) return '';
  const hash = createHash('sha256');
  for (const path of paths) hash.update(`${relative(root, path)}\0`).update(readFileSync(path));
  return hash.digest('hex').slice(0, 20);
}

/** Modules built for another kernel: they would silently never be loaded. */
function modulesOfOther(root: string, release: string): Problem | undefined {
  const folder = modulesFolder(root);
  const own = join(folder, release, '/');
  const path = below(folder).files.find((file) => isModule(file) && !file.startsWith(own));
  if (path === undefined) return undefined;
  const other = relative(folder, path).split('/')[0];
  const hint = existsSync(join(folder, other ?? '', 'build'))
    ? ''
    : '; builds and hooks have it in $MKMA_KERNEL';
  return {
    code: 'modules-of-another-kernel',
    what: 'a kernel module is for a kernel that the machine does not boot',
    where: `/${relative(root, path)}`,
    why: `it is for ${other}, but the machine boots ${release}`,
    next: `build it for the machine's kernel${hint}; --refresh fetches matching kernel and headers from the mirror`,
  };
}

function isModule(path: string): boolean {
  return /\.ko(\.\w+)?$/.test(path);
}
