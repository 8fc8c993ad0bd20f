/** Writing into a tree that is another machine's root: its symlinks must never lead out of it, nor be written through. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** Where a path of the tree (absolute, as the machine sees it) lies on this host; symlinks on the way are followed inside the tree. */
export function resolveInTree(root: string, path: string): string {
  let resolved = '/';
  let left = path.split('/').filter(Boolean);
  for (let hops = 0; left.length > 0; ) {
    const [part = '', ...rest] = left;
    const next = posix.join(resolved, part);
    const real = join(root, next);
    const isLast = rest.length === 0;
    if (!isLast && existsLink(real)) {
      if (++hops > 40) throw new Error(`too many symlinks at ${next} in ${root}`);
      const target = readlinkSync(real);
      left = [...target.split('/').filter(Boolean), ...rest];
      if (target.startsWith('/')) resolved = '/';
      continue;
    }
    resolved = next;
    left = rest;
  }
  return join(root, resolved);
}

function existsLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** A writer of small files into the tree at `root`, all of them root's, with one time stamp. */
export class TreeFiles {
  /** `mtime` in seconds; none: now. */
  constructor(
    private readonly root: string,
    private readonly mtime?: number,
  ) {}

  /** Write a file, replacing whatever has the name; folders on the way are made. */
  write(path: string, content: string, mode = 0o644): void {
    const real = this.prepare(path);
    writeFileSync(real, content, { flag: 'wx' });
    chmodSync(real, mode);
    this.stamp(real);
  }

  /** Change a file's text; its mode and owner stay. */
  edit(path: string, change: (text: string) => string): void {
    const real = resolveInTree(this.root, path);
    if (existsLink(real)) throw new Error(`${path} is a symlink in ${this.root}`);
    writeFileSync(real, change(readFileSync(real, 'utf8')));
    this.stamp(real);
  }

  makeFolder(path: string): void {
    mkdirSync(resolveInTree(this.root, path), { recursive: true });
  }

  private stamp(real: string): void {
    if (this.mtime !== undefined) utimesSync(real, this.mtime, this.mtime);
  }

  /** Remove a file or folder, if it is there. */
  remove(path: string): void {
    rmSync(resolveInTree(this.root, path), { recursive: true, force: true });
  }

  private prepare(path: string): string {
    const real = resolveInTree(this.root, path);
    mkdirSync(dirname(real), { recursive: true });
    rmSync(real, { recursive: true, force: true });
    return real;
  }
}
