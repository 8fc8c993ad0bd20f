/**
 * Device nodes of a machine as a list. Only root of the host can make them (mknod(2)): a tree that a plain
 * user unpacks lacks them, and they are packed from here. Pure.
 */
import { sortTree, type TreeEntry } from './tree.js';

export interface DeviceNode {
  /** Relative to the tree's root, as `dev/null`. */
  readonly path: string;
  readonly type: 'b' | 'c';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

/** Bytes of a header, and of the units in which content is padded (tar(5)). */
const BLOCK = 512;
/** The folder whose members mmdebstrap(1) writes before all others. */
const FIRST = './dev/';
const TYPES: Readonly<Record<string, DeviceNode['type']>> = { '3': 'c', '4': 'b' };

/**
 * The device nodes in the first bytes of a tarball of mmdebstrap: it writes `./dev` first, from a list of its
 * own, whatever the host lets it make.
 */
export function nodesOfTarball(start: Uint8Array): DeviceNode[] {
  const nodes: DeviceNode[] = [];
  for (let at = 0; at + BLOCK <= start.length; ) {
    const header = start.subarray(at, at + BLOCK);
    const name = textOf(header, 0, 100);
    if (!name.startsWith(FIRST)) break;
    const number = (from: number, length: number): number =>
      Number.parseInt(textOf(header, from, length).trim() || '0', 8);
    const type = TYPES[String.fromCharCode(header[156] ?? 0)];
    if (type !== undefined) {
      nodes.push({
        ...{ path: name.slice(2), type, mode: number(100, 8) & 0o7777 },
        ...{ uid: number(108, 8), gid: number(116, 8), mtime: number(136, 12) },
        ...{ major: number(329, 8), minor: number(337, 8) },
      });
    }
    at += BLOCK + Math.ceil(number(124, 12) / BLOCK) * BLOCK;
  }
  return nodes;
}

/** A field of text, which ends at its first NUL. */
function textOf(header: Uint8Array, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return String.fromCharCode(...field.subarray(0, end < 0 ? length : end));
}

/** Those of the nodes that a tree lacks and has a folder for: what it has of that name takes precedence. */
export function absentNodes(tree: readonly TreeEntry[], nodes: readonly DeviceNode[]): DeviceNode[] {
  if (nodes.length === 0) return [];
  const types = new Map(tree.map(({ path, type }) => [path, type]));
  const isThere = ({ path }: DeviceNode): boolean => types.has(path);
  const hasFolder = ({ path }: DeviceNode): boolean =>
    types.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '.') === 'd';
  return nodes.filter((node) => !isThere(node) && hasFolder(node));
}

/** A tree's entries together with those of nodes that it lacks, sorted by name. */
export function withNodes(tree: readonly TreeEntry[], absent: readonly DeviceNode[]): readonly TreeEntry[] {
  if (absent.length === 0) return tree;
  const added = absent.map(
    ({ path, type, mode, uid, gid, mtime }): TreeEntry => ({
      ...{ path, type, mode, uid, gid, mtime, nlink: 1, size: 0, target: '', allocated: 0 },
      // Of no file system: nothing is compared with it.
      ...{ ino: `node:${path}`, fileSystem: '0', changed: '0' },
    }),
  );
  return sortTree([...tree, ...added]);
}
