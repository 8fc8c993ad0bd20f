/**
 * The only way to remove trees. It never crosses a mount, whoever made it and when: a folder is opened, the
 * mount through which it was reached is compared with the tree's own, and its content is removed through that
 * descriptor (docs/decisions/0015).
 */
import { closeSync, constants, openSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Problem } from '../../core/result.js';
import { decodeName, encodeName } from '../../core/text/path.js';
import { mountIdOf, mountInTree, mountsIn, openPath, pathOf, readMounts } from './mounts.js';

/**
 * Thrown if something is mounted in a tree to remove. The tree is then unchanged, or partly removed; what is
 * mounted is untouched.
 * @public main.ts has it out of a spread of this module
 */
export class MountInTree extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.what}: ${problem.where}`);
  }
}

/** The problem of a failed removal; anything else is rethrown. */
export function removalProblem(cause: unknown): Problem {
  if (cause instanceof MountInTree) return cause.problem;
  throw cause;
}

/**
 * Removes a file, a symlink itself, or a folder with its content; a missing one is fine. Throws {@link
 * MountInTree} if something is mounted there: then nothing is removed, unless it was mounted while the
 * removal ran. With `within`, the path must be on the same mount as that tree.
 */
export function removeTree(path: string, within?: string): void {
  onParent(path, within, (parent, name) => {
    if (unlinked(parent, name)) return;
    const found = mountsIn(path);
    if (found.length > 0) throw new MountInTree(mountInTree(path, found));
    new Removal(path, parent).folder(parent, name, 0);
  });
}

/** Removes a folder if it is empty. */
export function removeEmptyFolder(path: string, within: string): void {
  onParent(path, within, (parent, name) => {
    try {
      rmdirSync(entryOf(parent, name));
    } catch (cause) {
      if (!hasCode(cause, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw named(cause, parent, name);
    }
  });
}

function onParent(
  path: string,
  within: string | undefined,
  then: (parent: number, name: Buffer) => void,
): void {
  const whole = resolve(path);
  if (whole === '/') throw new Error('refusing to remove the root of this host');
  let parent: number;
  try {
    parent = openSync(Buffer.from(encodeName(dirname(whole))), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return;
    throw cause;
  }
  try {
    if (within !== undefined) requireSameMount(parent, within);
    then(parent, Buffer.from(encodeName(basename(whole))));
  } finally {
    closeSync(parent);
  }
}

/** Throws {@link MountInTree} if the path, as far as it exists, is not on the tree's own mount. */
export function requireWithin(path: string, tree: string): void {
  const whole = Buffer.from(encodeName(path));
  let fd: number;
  try {
    fd = openPath(whole);
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause;
    requireWithin(dirname(path), tree);
    return;
  }
  try {
    requireSameMount(fd, tree);
  } finally {
    closeSync(fd);
  }
}

function requireSameMount(folder: number, tree: string): void {
  const root = openSync(tree, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (mountIdOf(folder) !== mountIdOf(root)) throw crossed(tree, folder);
  } finally {
    closeSync(root);
  }
}

/** Folders deeper than this are moved up before they are emptied: each level takes a descriptor. */
const DEEP = 40;
/** How often a folder is listed again, since somebody wrote into it or deep ones were moved up into it. */
const PASSES = 1000;

class Removal {
  private readonly mount: number;
  /** The tree's top while it is emptied. */
  private top = -1;
  private raised = 0;
  private readonly prefix = `.mkma-deep-${process.pid}-${Date.now()}-`;

  constructor(
    private readonly tree: string,
    parent: number,
  ) {
    this.mount = mountIdOf(parent);
  }

  /** Empties and removes a folder. Once it is open, neither renames nor mounts redirect the removal. */
  folder(parent: number, name: Buffer, depth: number): void {
    const at = entryOf(parent, name);
    let fd: number;
    try {
      fd = openPath(at, constants.O_DIRECTORY);
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return;
      throw named(cause, parent, name);
    }
    try {
      if (mountIdOf(fd) !== this.mount) throw crossed(this.tree, fd);
      if (depth === 0) this.top = fd;
      for (let pass = 1; ; pass++) {
        for (const entry of readdirSync(`/proc/self/fd/${fd}`, 'buffer')) this.entry(fd, entry, depth + 1);
        if (removedFolder(parent, name, pass < PASSES)) return;
      }
    } finally {
      closeSync(fd);
    }
  }

  private entry(parent: number, name: Buffer, depth: number): void {
    if (unlinked(parent, name)) return;
    if (depth < DEEP) this.folder(parent, name, depth);
    else this.raise(parent, name);
  }

  private raise(parent: number, name: Buffer): void {
    try {
      renameSync(entryOf(parent, name), `/proc/self/fd/${this.top}/${this.prefix}${this.raised++}`);
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw named(cause, parent, name);
    }
  }
}

/** Removes anything but a folder; returns whether it did. */
function unlinked(parent: number, name: Buffer): boolean {
  try {
    unlinkSync(entryOf(parent, name));
    return true;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return true;
    if (hasCode(cause, 'EISDIR')) return false;
    throw named(cause, parent, name);
  }
}

/** Removes an emptied folder; returns whether it was really empty. */
function removedFolder(parent: number, name: Buffer, mayBeFull: boolean): boolean {
  try {
    rmdirSync(entryOf(parent, name));
    return true;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return true;
    if (mayBeFull && hasCode(cause, 'ENOTEMPTY', 'EEXIST')) return false;
    throw named(cause, parent, name);
  }
}

/** An entry of an open folder: the kernel starts at the descriptor, so the path to it does not matter. */
function entryOf(parent: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), name]);
}

function hasCode(cause: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((cause as NodeJS.ErrnoException).code ?? '');
}

/** The mount of an open folder, as a problem of the tree. */
function crossed(tree: string, folder: number): MountInTree {
  const table = readMounts();
  const id = mountIdOf(folder);
  return new MountInTree(
    mountInTree(
      tree,
      table.filter((mount) => mount.id === id),
      table,
    ),
  );
}

/** An error of the kernel with the path that users know. It calls a mount point busy. */
function named(cause: unknown, parent: number, name: Buffer): unknown {
  const path = `${pathOf(parent)}/${decodeName(name)}`;
  if (hasCode(cause, 'EBUSY')) {
    const found = mountsIn(path);
    if (found.length > 0) return new MountInTree(mountInTree(path, found));
  }
  if (cause instanceof Error && 'path' in cause) {
    const { message } = cause;
    cause.message = message.replace(/'\/proc\/self\/fd\/[^']*'/, () => `'${path}'`);
    cause.path = path;
  }
  return cause;
}
