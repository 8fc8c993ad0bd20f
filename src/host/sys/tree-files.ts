/**
 * Writes into a tree that is another machine's root: its symlinks must never escape it, nor be written
 * through.
 */
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { followLinks } from '../../core/text/links.js';
import { removeTree, requireWithin } from './remove.js';

/**
 * The path on this host of a path in the tree (absolute, as the machine sees it); symlinks on the way are
 * resolved inside the tree, one at its end only with `whole`.
 */
export function resolveInTree(root: string, path: string, whole = false): string {
  const real = findInTree(root, path, whole);
  if (real === undefined) throw new Error(`too many symlinks at ${path} in ${root}`);
  return real;
}

/** Like {@link resolveInTree}; `undefined` if symlinks form a loop. */
export function findInTree(root: string, path: string, whole = false): string | undefined {
  const readLink = (link: string): string | undefined => {
    const real = join(root, link);
    return existsLink(real) ? readlinkSync(real) : undefined;
  };
  const inside = followLinks(path, readLink, whole ? 'followed' : 'kept');
  return inside === undefined ? undefined : join(root, inside);
}

function existsLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** User and group of a file, as IDs. */
export interface TreeOwner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: TreeOwner = { uid: 0, gid: 0 };

/** Writes into the tree at `root`: what it creates belongs to root by default. */
export class TreeFiles {
  /** `mtime` in seconds for everything written; none: now. */
  constructor(
    private readonly root: string,
    private readonly mtime?: number,
  ) {}

  /** Writes a file, replacing whatever has the name; parent folders are created. */
  write(path: string, content: string, mode = 0o644, owner = ROOT): void {
    const real = this.prepare(path);
    writeFileSync(real, content, { flag: 'wx' });
    this.settle(real, mode, owner);
  }

  /** Copies a file of the host, like {@link write}; its time stays. */
  copy(from: string, path: string, mode: number, owner = ROOT): void {
    const real = this.prepare(path);
    copyFileSync(from, real, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    this.settle(real, mode, owner);
    const { atime, mtime } = statSync(from);
    if (this.mtime === undefined) utimesSync(real, atime, mtime);
  }

  /** Creates a symlink, replacing whatever has the name except a folder that is not empty. */
  link(target: string, path: string, owner = ROOT): void {
    const real = this.prepare(path);
    symlinkSync(target, real);
    lchownSync(real, owner.uid, owner.gid);
    if (this.mtime !== undefined) lutimesSync(real, this.mtime, this.mtime);
  }

  /** Changes a file's text; its mode and owner stay. */
  edit(path: string, change: (text: string) => string): void {
    const real = resolveInTree(this.root, path);
    requireWithin(real, this.root);
    if (existsLink(real)) throw new Error(`${path} is a symlink in ${this.root}`);
    writeFileSync(real, change(readFileSync(real, 'utf8')));
    this.stamp(real);
  }

  /**
   * Creates a folder; an existing one stays, with its mode and owner unless given, and with `new` in any
   * case.
   */
  makeFolder(path: string, mode?: number, owner?: TreeOwner, which: 'any' | 'new' = 'any'): void {
    const real = resolveInTree(this.root, path, true);
    requireWithin(real, this.root);
    const made = mkdirSync(real, { recursive: true });
    if (which === 'new' && made === undefined) return;
    if (mode !== undefined) chmodSync(real, mode);
    if (owner !== undefined) chownSync(real, owner.uid, owner.gid);
  }

  private settle(real: string, mode: number, { uid, gid }: TreeOwner): void {
    // Before the mode: a change of the owner clears set-user-ID bits.
    chownSync(real, uid, gid);
    chmodSync(real, mode);
    this.stamp(real);
  }

  private stamp(real: string): void {
    if (this.mtime !== undefined) utimesSync(real, this.mtime, this.mtime);
  }

  /** Whether something has the name, even a dangling symlink. */
  exists(path: string): boolean {
    return lstatSync(resolveInTree(this.root, path), { throwIfNoEntry: false }) !== undefined;
  }

  /** Removes a file or folder, if it exists. */
  remove(path: string): void {
    removeTree(resolveInTree(this.root, path), this.root);
  }

  private prepare(path: string): string {
    const real = resolveInTree(this.root, path);
    requireWithin(dirname(real), this.root);
    mkdirSync(dirname(real), { recursive: true });
    removeTree(real, this.root);
    return real;
  }
}
