/** The size of an initramfs, its programs and its kernel modules counted separately. */
import { join } from 'node:path';
import type { TreeEntry } from '../src/core/archive/tree.js';
import { initramfsPart } from '../src/core/boot/initramfs.js';
import { planArchive } from '../src/core/image/archive-plan.js';
import { ok, type Result } from '../src/core/result.js';
import { packInitramfs } from '../src/host/initramfs/pack.js';
import { scanTree } from '../src/host/pack/scan.js';

interface PartSize {
  /** Bytes of all files' content. */
  readonly unpacked: number;
  /** Bytes of an archive of this part alone, compressed as the initramfs is. */
  readonly packed: number;
}

export interface InitramfsSize {
  readonly tools: PartSize;
  readonly modules: PartSize;
}

export interface InitramfsSizeOptions {
  /** The unpacked tree of an initramfs. */
  readonly tree: string;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Folder for files on the way. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Measures both parts by packing each alone. */
export async function initramfsSize(options: InitramfsSizeOptions): Promise<Result<InitramfsSize>> {
  const { tree, signal } = options;
  const scanned = await scanTree(tree, signal);
  if (!scanned.ok) return scanned;
  const { entries, devices } = scanned.value;
  const isModule = ({ path }: TreeEntry): boolean => initramfsPart(path) === 'modules';
  const measure = async (name: string, part: readonly TreeEntry[]): Promise<Result<PartSize>> => {
    const root = entries.filter(({ path }) => path === '.');
    const plan = planArchive(part.some(({ path }) => path === '.') ? part : [...root, ...part], devices);
    if (!plan.ok) return plan;
    const target = join(options.scratch, `${name}.cpio.zst`);
    const packed = await packInitramfs({
      root: tree,
      plan: plan.value,
      level: options.level,
      threads: 1,
      target,
      signal,
    });
    const unpacked = part.reduce((sum, { type, size }) => sum + (type === 'f' ? size : 0), 0);
    return packed.ok ? ok({ unpacked, packed: packed.value }) : packed;
  };
  const tools = await measure(
    'tools',
    entries.filter((entry) => !isModule(entry)),
  );
  if (!tools.ok) return tools;
  const modules = await measure('modules', entries.filter(isModule));
  return modules.ok ? ok({ tools: tools.value, modules: modules.value }) : modules;
}
