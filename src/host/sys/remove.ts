/**
 * The one door to removing trees. It never goes across a mount, whoever made it and when: a folder is opened, the mount through which
 * it was reached is compared with the tree's own, and what is in it is removed by way of that descriptor (docs/decisions/0015).
 */
import { closeSync, constants, openSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Problem } from '../../core/result.js';
import { decodeName, encodeName } from '../../core/text/path.js';
import { mountIdOf, mountInTree, mountsIn, openPath, pathOf, readMounts } from './mounts.js';

/**
 * Thrown where something is mounted in what is to be removed. The tree is then as it was, or partly removed; what is mounted is whole.
 * @public main.ts has it out of a spread of this module
 */
export class MountInTree extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.what}: ${problem.where}`);
  }
}

/** The problem that a failed removal is; anything else is thrown on. */
export function removalProblem(cause: unknown): Problem {
  if (cause instanceof MountInTree) return cause.problem;
  throw cause;
}

/**
 * Remove a file, a symlink itself, or a folder with all that is in it; none is fine. Throws {@link MountInTree} where something is
 * mounted there: nothing is removed then, unless it was mounted while the removal ran. With `within`, the path has to lie on the same
 * mount as that tree.
 */
export function removeTree(path: string, within?: string): void {
  onParent(path, within, (parent, name) => {
    if (unlinked(parent, name)) return;
    const found = mountsIn(path);
    if (found.length > 0) throw new MountInTree(mountInTree(path, found));
    new Removal(path, parent).folder(parent, name, 0);
  });
}

/** Remove a folder that is empty; otherwise it stays. */
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
  if (whole === '/') throw new Error('the root of this host is not removed');
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

/** Throws {@link MountInTree} where the path, or as much of it as is there, is not on the tree's own mount. */
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

/** Folders deeper than this are brought up before they are emptied: each level takes a descriptor. */
const DEEP = 40;
/** How often a folder is listed again, since somebody wrote into it or deep ones were brought up into it. */
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

  /** Empty and remove a folder. From its opening on, neither renames nor mounts lead the removal elsewhere. */
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

/** Remove what is no folder; whether that was so. */
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

/** Remove a folder that has been emptied; whether it was empty indeed. */
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

/** An entry of an open folder: the kernel starts at the descriptor, so that nothing on the way there counts. */
function entryOf(parent: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), name]);
}

function hasCode(cause: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((cause as NodeJS.ErrnoException).code ?? '');
}

/** The mount on which an open folder lies, as a problem of the tree. */
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

/** A failure of the kernel's with the path that people know. It calls a mount point busy. */
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
