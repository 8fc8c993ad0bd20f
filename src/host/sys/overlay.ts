/**
 * Mounts an overlay in mkma's own mount namespace: folders stay as they are, changes go to a folder of their
 * own (kernel: Documentation/filesystems/overlayfs.rst).
 */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { run } from './run.js';
import { inUserNamespace } from './user-namespace.js';

export interface Overlay {
  /** The merged view. */
  readonly view: string;
  /** What differs from the lower directories. */
  readonly upper: string;
  /** Unmounts it. A program that still uses it keeps it until it ends. */
  readonly close: () => Promise<void>;
}

/**
 * Directories of the lower ones can be renamed, as in any file system. Hard links of lower files are broken
 * by a change, which {@link ../trees/changes.ts} detects: the index that would keep them wants NFS handles of
 * all file systems involved.
 */
const OPTIONS = ['metacopy=off', 'index=off'];
const AS_ROOT = ['redirect_dir=on', 'xino=auto'];
/** In a user namespace the marks are attributes that any owner may set; renames are then refused (EXDEV). */
const IN_NAMESPACE = ['userxattr'];

/**
 * Mounts the folders, the topmost first, below `folder`, which must be empty. Fails where the kernel or a
 * file system refuses: in some containers, on NFS.
 */
export async function mountOverlay(
  lowers: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<Result<Overlay>> {
  for (const name of ['upper', 'work', 'view']) mkdirSync(join(folder, name), { mode: 0o755 });
  // Short relative names: the option has one page at most, and commas and colons of paths a meaning.
  for (const [i, lower] of lowers.entries()) symlinkSync(lower, join(folder, `${i}`));
  const options = [
    `lowerdir=${lowers.map((_, i) => `${i}`).join(':')}`,
    'upperdir=upper,workdir=work',
    ...OPTIONS,
    ...(inUserNamespace() ? IN_NAMESPACE : AS_ROOT),
  ].join(',');
  const args = ['-t', 'overlay', '-o', options, 'overlay', 'view'];
  const mounted = await run({ file: 'mount', args, cwd: folder }, { signal });
  if (!mounted.ok) return mounted;
  const view = join(folder, 'view');
  const close = async (): Promise<void> => {
    await run({ file: 'umount', args: ['--lazy', view] });
  };
  return ok({ view, upper: join(folder, 'upper'), close });
}
