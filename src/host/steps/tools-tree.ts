/**
 * The tools of the built suite as a tree, unpacked when a stage first needs it, and running programs in it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { MKFS_EROFS, XXHSUM } from '../initramfs/contents.js';
import { loaderOf } from '../initramfs/libraries.js';
import type { ErofsTools } from '../pack/erofs.js';
import type { CacheEntry } from '../stages/cache.js';
import type { Command } from '../sys/command.js';
import { TREE } from './bootstrap/engine.js';
import { unpackTree } from './unpack-tree.js';

export class ToolsTree {
  private unpacked: Promise<Result<string>> | undefined;

  /** `entry`: the cached tools; the tree is created in the folder `scratch`. */
  constructor(
    private readonly entry: CacheEntry | undefined,
    private readonly scratch: string,
    private readonly signal: AbortSignal,
  ) {}

  /** The path of the tree. */
  root(): Promise<Result<string>> {
    this.unpacked ??= this.unpack();
    return this.unpacked;
  }

  private async unpack(): Promise<Result<string>> {
    if (this.entry === undefined) throw new Error('a stage runs without tools');
    const root = join(this.scratch, 'tools');
    mkdirSync(root);
    const done = await unpackTree(join(this.entry.path, TREE), root, this.signal);
    return done.ok ? ok(root) : done;
  }
}

/** mkfs.erofs from the tree at `root`, with its own loader and libraries, whatever this host has. */
export async function erofsTools(root: string): Promise<Result<ErofsTools>> {
  const programs: ((args: readonly string[]) => Command)[] = [];
  for (const path of [MKFS_EROFS, XXHSUM]) {
    const loader = await loaderOf(root, path);
    if (!loader.ok) return loader;
    const { file, folders } = loader.value;
    const start = ['--library-path', folders.map((folder) => join(root, folder)).join(':'), join(root, path)];
    programs.push((args) => ({ file: join(root, file), args: [...start, ...args] }));
  }
  const [mkfs, xxhsum] = programs as [ErofsTools['mkfs'], ErofsTools['xxhsum']];
  return ok({ mkfs, xxhsum });
}
