/**
 * Reads the kernel's list of mounts, and finds mounts in a tree that mkma is about to read, move or remove.
 */
import { closeSync, constants, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { decodeName, encodeName, isBelow, quoteName } from '../../core/text/path.js';
import { shellQuote } from './command.js';

/** A line of mountinfo (proc_pid_mountinfo(5)). Paths are in the codec of path.ts. */
export interface Mount {
  readonly id: number;
  /** Its parent mount. */
  readonly parent: number;
  /** Device numbers of the file system, `major:minor`. */
  readonly device: string;
  /** The folder or file of that file system that is mounted here. */
  readonly root: string;
  /** Its mount point. */
  readonly point: string;
  readonly type: string;
  readonly source: string;
}

/** Reads the lines of a mountinfo file. */
export function parseMounts(table: Uint8Array): Mount[] {
  const lines = decodeName(table).split('\n').filter(Boolean);
  return lines.map((line) => {
    const fields = line.split(' ');
    const [id, parent, device = '', root = '', point = ''] = fields;
    // A dash ends the optional fields.
    const [type = '', source = ''] = fields.slice(fields.indexOf('-', 6) + 1);
    const mount = { id: Number(id), parent: Number(parent), device, type: unescaped(type) };
    return { ...mount, root: unescaped(root), point: unescaped(point), source: unescaped(source) };
  });
}

/**
 * The kernel writes space, tab, line break, backslash and `#` in octal (mangle() and show_mountinfo() in
 * fs/proc_namespace.c).
 */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** All mounts that this process can reach. */
export function readMounts(): Mount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo'));
}

/** Opens anything without any effect on it (open(2)); Node.js has no constant for it. */
const O_PATH = 0o10000000;

/** A descriptor of exactly what has the name: a symlink itself, or what is mounted there. */
export function openPath(path: string | Buffer, flags = 0): number {
  return openSync(path, O_PATH | constants.O_NOFOLLOW | flags);
}

/**
 * The mount through which a descriptor was opened: unlike st_dev, it distinguishes a bind mount from its file
 * system.
 */
export function mountIdOf(fd: number): number {
  const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
  if (id === undefined) throw new Error('the kernel reports no mnt_id in /proc/self/fdinfo');
  return Number(id);
}

/** The path by which this process reaches an open descriptor. */
export function pathOf(fd: number): string {
  return decodeName(readlinkSync(`/proc/self/fd/${fd}`, 'buffer'));
}

/** Mounts at or below a path, nested ones included. None if there is no such path. */
export function mountsIn(path: string, table?: readonly Mount[]): Mount[] {
  const fd = openIfThere(path);
  if (fd === undefined) return [];
  try {
    return reachableIn(table ?? readMounts(), mountIdOf(fd), pathOf(fd));
  } finally {
    closeSync(fd);
  }
}

/**
 * By parents rather than paths alone: a mount hidden by another one has such a path too, and cannot be
 * reached.
 */
function reachableIn(table: readonly Mount[], own: number, top: string): Mount[] {
  const found = table.filter(
    ({ id, parent, point }) => (id === own && point === top) || (parent === own && isBelow(point, top)),
  );
  for (const { id } of found) if (id !== own) found.push(...table.filter(({ parent }) => parent === id));
  return found;
}

/**
 * Fails if something is mounted at or below one of the paths: it belongs to somebody else, and so does its
 * content. Fails if one is a symlink: readers of the tree would see only the link, those who enter it its
 * target.
 */
export function requireUnmounted(...paths: readonly string[]): Result<void> {
  const table = readMounts();
  for (const path of paths) {
    if (isLink(path)) return err(treeIsLink(path));
    const found = mountsIn(path, table);
    if (found.length > 0) return err(mountInTree(path, found, table));
  }
  return ok();
}

function isLink(path: string): boolean {
  return lstatSync(Buffer.from(encodeName(path)), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function treeIsLink(path: string): Problem {
  return {
    code: 'tree-is-link',
    what: `${basename(path)} is a symbolic link`,
    where: path,
    why: 'mkma reads, packs and removes its trees in place, and never follows a symlink out of the output folder',
    next: 'replace it with the folder itself, or name another output folder with --output',
  };
}

/** Names at most this many mounts. */
const NAMED = 5;

/** The problem of mounts in a tree: which, of what, and how to unmount them. */
export function mountInTree(tree: string, found: readonly Mount[], table = readMounts()): Problem {
  const ids = new Set(found.map(({ id }) => id));
  const tops = found.filter(({ parent }) => !ids.has(parent));
  const itself = tops.some(({ point }) => point === realOf(tree));
  const named = tops.slice(0, NAMED);
  const more = tops.length > NAMED ? ` && ... (${tops.length - NAMED} more: findmnt --list)` : '';
  const umounts = named.map(({ point }) => `umount --recursive ${shellWord(point)}`).join(' && ') + more;
  return {
    code: 'mount-in-tree',
    what: itself ? `${basename(tree)} is itself a mount point` : `something is mounted in ${basename(tree)}`,
    where: named.map(({ point }) => quoteName(point)).join(', '),
    why: [
      ...named.map((mount) => describeMount(mount, table)),
      'mkma neither reads nor removes anything outside its own folders',
    ].join('\n'),
    next: `unmount it, then try again: ${umounts}`,
  };
}

/** The path by which this process reaches it; `undefined` if there is none. */
function realOf(path: string): string | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    return pathOf(fd);
  } finally {
    closeSync(fd);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openPath(Buffer.from(encodeName(path)));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cause;
  }
}

/** Describes what is mounted: a folder of this host if it is one, else the file system. */
export function describeMount(mount: Mount, table = readMounts()): string {
  const { device, root, point, type, source } = mount;
  const others = table.filter((other) => other.device === device && other.point !== point);
  const [shown] = others
    .filter((other) => root === other.root || isBelow(root, other.root))
    .sort((a, b) => b.root.length - a.root.length);
  if (shown === undefined) return `${quoteName(point)} is ${type}${source === type ? '' : ` of ${source}`}`;
  const rest = root.slice(shown.root === '/' ? 0 : shown.root.length);
  const from = `${shown.point === '/' ? '' : shown.point}${rest === '/' ? '' : rest}` || '/';
  return `${quoteName(point)} is ${quoteName(from)} (${type} of ${source})`;
}

/** A path as a shell word, in the form `$'...'` if only that can hold its bytes. */
function shellWord(path: string): string {
  const quoted = quoteName(path);
  return quoted === path ? shellQuote(path) : `$'${quoted.slice(1, -1).replaceAll("'", "\\'")}'`;
}
