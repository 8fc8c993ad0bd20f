/** Reads a tree from disk as data. */
import { lstatSync } from 'node:fs';
import { absentNodes, type DeviceNode, withNodes } from '../../core/archive/device-nodes.js';
import { findArguments, type TreeEntry, TreeParser } from '../../core/archive/tree.js';
import type { DeviceNumbers } from '../../core/image/archive-plan.js';
import { ok, type Result } from '../../core/result.js';
import { encodeName } from '../../core/text/path.js';
import { requireUnmounted } from '../sys/mounts.js';
import { runPieces } from '../sys/run.js';

export interface ScannedTree {
  readonly entries: readonly TreeEntry[];
  readonly devices: DeviceNumbers;
  /** Device nodes among them that are not on disk. */
  readonly absent: readonly DeviceNode[];
}

/**
 * Lists everything below `root`, with the device numbers of device nodes. Fails if something is mounted
 * there. `nodes` are listed as well if the tree lacks them.
 */
export async function scanTree(
  root: string,
  signal?: AbortSignal,
  nodes: readonly DeviceNode[] = [],
): Promise<Result<ScannedTree>> {
  const free = requireUnmounted(root);
  if (!free.ok) return free;
  const parser = new TreeParser();
  const command = { file: 'find', args: findArguments(root), env: { LC_ALL: 'C' } };
  const listed = await runPieces(command, (piece) => parser.take(piece), { signal });
  if (!listed.ok) return listed;
  const entries = parser.finish();
  const absent = absentNodes(entries, nodes);
  const devices = new Map(absent.map(({ path, major, minor }) => [path, { major, minor }]));
  for (const { type, path } of entries) {
    if (type !== 'b' && type !== 'c') continue;
    devices.set(path, splitDevice(lstatSync(pathIn(root, path)).rdev));
  }
  return ok({ entries: withNodes(entries, absent), devices, absent });
}

/** The path of a file in the tree at `root`, for Node.js: as bytes if the name is not UTF-8. */
export function pathIn(root: string, path: string): string | Buffer {
  return /[\udc80-\udcff]/.test(path)
    ? Buffer.concat([Buffer.from(`${root}/`), encodeName(path)])
    : `${root}/${path}`;
}

/** Major and minor from Linux's packed dev_t (makedev(3); glibc's encoding, as stat returns it). */
export function splitDevice(rdev: number): { major: number; minor: number } {
  const value = BigInt(rdev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
