/** The tree in which a machine is made: an overlay over the lower trees, or a copy of them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { mountOverlay } from '../sys/overlay.js';
import { removeTree } from '../sys/remove.js';
import { brokenLink, type Change, changesOf } from './changes.js';
import { copyTree } from './copy.js';
import { type LowerTree, TREE_IN_LOWER } from './lower.js';

/** A tree over lower trees. */
export interface Stack {
  /** The tree. */
  readonly root: string;
  /** What it lies on, the topmost first. */
  readonly lowers: readonly LowerTree[];
  /** The overlay's folder of changes; `undefined`: the tree is a copy. */
  readonly upper?: string;
  readonly close: () => Promise<void>;
}

/** Stacks them by an overlay in the folder `scratch`/stack. Fails where this host cannot. */
export async function overlayTree(
  lowers: readonly LowerTree[],
  scratch: string,
  signal: AbortSignal,
): Promise<Result<Stack>> {
  const folder = join(scratch, 'stack');
  mkdirSync(folder);
  const paths = lowers.map(({ path }) => path);
  const mounted = await mountOverlay(paths, folder, signal);
  if (!mounted.ok) {
    removeTree(folder);
    return mounted;
  }
  const { view, upper, close } = mounted.value;
  return ok({ root: join(view, TREE_IN_LOWER), lowers, upper: join(upper, TREE_IN_LOWER), close });
}

/** Whether this host can: some containers and file systems cannot. */
export async function canOverlay(scratch: string, signal: AbortSignal): Promise<boolean> {
  const folder = join(scratch, 'overlay-trial');
  for (const name of ['', 'lower']) mkdirSync(join(folder, name));
  try {
    const mounted = await mountOverlay([join(folder, 'lower')], folder, signal);
    if (mounted.ok) await mounted.value.close();
    return mounted.ok;
  } finally {
    removeTree(folder);
  }
}

/** Copies them, one over the other, to `scratch`/chroot. */
export async function copiedTree(
  lowers: readonly LowerTree[],
  scratch: string,
  signal: AbortSignal,
): Promise<Result<Stack>> {
  const root = join(scratch, 'chroot');
  removeTree(root);
  mkdirSync(root, { mode: 0o755 });
  const copied = await copyLowers(lowers, root, scratch, signal);
  return copied.ok ? ok({ root, lowers, close: async () => undefined }) : copied;
}

/** One over the other; what was added to others is an upper directory, which only an overlay reads. */
async function copyLowers(
  lowers: readonly LowerTree[],
  root: string,
  scratch: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  if (!lowers.some(({ isUpper }) => isUpper === true)) {
    for (const { path } of [...lowers].reverse()) {
      const copied = await copyTree(join(path, TREE_IN_LOWER), root, signal);
      if (!copied.ok) return copied;
    }
    return ok();
  }
  const folder = join(scratch, 'view');
  removeTree(folder);
  mkdirSync(folder);
  const mounted = await mountOverlay(
    lowers.map(({ path }) => path),
    folder,
    signal,
  );
  if (!mounted.ok) return mounted;
  try {
    return await copyTree(join(mounted.value.view, TREE_IN_LOWER), root, signal);
  } finally {
    await mounted.value.close();
  }
}

/** What an overlay's tree changed; or the file of which another name kept its old content. */
export async function changesIn(
  { upper, lowers }: Stack,
  signal: AbortSignal,
): Promise<Result<{ readonly changes: readonly Change[]; readonly broken?: string | undefined }>> {
  if (upper === undefined) throw new Error('a copy knows no changes');
  const changes = await changesOf(upper, signal);
  if (!changes.ok) return changes;
  const trees = lowers.map(({ path }) => join(path, TREE_IN_LOWER));
  return ok({ changes: changes.value, broken: brokenLink(upper, trees, changes.value) });
}
