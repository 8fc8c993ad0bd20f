/**
 * The tools of the built suite as a tree, unpacked when a stage first needs it, and running programs in it.
 */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { MKFS_EROFS, XXHSUM } from '../initramfs/contents.js';
import { loaderOf } from '../initramfs/libraries.js';
import { type MediumTools, PROGRAM_PATHS } from '../media/programs.js';
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
    // Only root can make device nodes, and no tool needs these.
    const done = await unpackTree(join(this.entry.path, TREE), root, this.signal, ['./dev/*']);
    return done.ok ? ok(root) : done;
  }
}

/** Starts a program of a tree. */
type ProgramOf = (args: readonly string[]) => Command;

/** A program of the tree at `root`, with its own loader and libraries, whatever this host has. */
async function programIn(root: string, path: string): Promise<Result<ProgramOf>> {
  const loader = await loaderOf(root, path);
  if (!loader.ok) return loader;
  const { file, folders } = loader.value;
  const start = ['--library-path', folders.map((folder) => join(root, folder)).join(':'), join(root, path)];
  const name = basename(path);
  return ok((args) => ({ file: join(root, file), args: [...start, ...args], name }));
}

/** What makes and reads file systems of the format erofs, from the tree at `root`. */
export async function erofsTools(root: string): Promise<Result<ErofsTools>> {
  const mkfs = await programIn(root, MKFS_EROFS);
  if (!mkfs.ok) return mkfs;
  const xxhsum = await programIn(root, XXHSUM);
  return xxhsum.ok ? ok({ mkfs: mkfs.value, xxhsum: xxhsum.value }) : xxhsum;
}

/** What makes media, from the tree at `root`. */
export async function mediumTools(root: string): Promise<Result<MediumTools>> {
  const found: [string, ProgramOf][] = [];
  for (const [name, path] of Object.entries(PROGRAM_PATHS)) {
    const program = await programIn(root, path);
    if (!program.ok) return program;
    found.push([name, program.value]);
  }
  return ok({ root, programs: Object.fromEntries(found) as MediumTools['programs'] });
}
