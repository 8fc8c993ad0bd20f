/** Whether the machine's kernel can mount and unlock the disks of the definition. */
import { join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { nearestOf } from '../../core/text/nearest.js';
import { existsInTree } from '../customise/ids.js';
import { type Disk, disksOf } from '../definition/disks.js';
import { didYouMean, nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import { modulesFolder } from '../kernel/module-folders.js';
import { type ModuleIndex, parseModuleIndex, selectModules } from '../kernel/modules.js';
import { readModuleTexts } from '../kernel/texts.js';

/** Checks for the file systems' modules in the tree at `root`, once all modules are in place. */
export async function checkDiskModules(
  root: string,
  release: string,
  machine: MachineConfig,
): Promise<Result<void>> {
  const disks = disksOf(machine);
  if (disks.length === 0) return ok();
  const texts = await readModuleTexts(join(modulesFolder(root), release), release);
  if (!texts.ok) return texts;
  const index = parseModuleIndex(texts.value);
  const hasHelper = (type: string): boolean => existsInTree(root, `/usr/sbin/mount.${type}`);
  const problem = disks.map((disk) => diskProblem(disk, index, release, hasHelper)).find(Boolean);
  return problem === undefined ? ok() : err(problem);
}

/**
 * What the kernel lacks for a disk; `hasHelper`: whether there is a program mount.TYPE, which does not need
 * the kernel's driver (fuse).
 */
export function diskProblem(
  disk: Disk,
  index: ModuleIndex,
  release: string,
  hasHelper: (type: string) => boolean,
): Problem | undefined {
  const { field, type, point, mapping } = disk;
  if (mapping !== undefined && !has(index, ['dm_crypt'])) {
    return {
      kind: 'usage',
      code: 'no-dm-crypt',
      what: 'the kernel cannot unlock encrypted disks',
      where: nameOf([...field, 'encrypted']),
      field: [...field, 'encrypted'],
      why: `the kernel ${release} has no module dm_crypt`,
      next: "use another kernel, such as the suite's own: kernel: { from: 'debian' }",
    };
  }
  if (point === undefined || type === 'auto' || hasHelper(type)) return undefined;
  // The kernel requests fs-TYPE (get_fs_type in fs/filesystems.c); ext4 mounts its older versions.
  const older = type === 'ext2' || type === 'ext3' ? ['ext4'] : [];
  if (has(index, [`fs-${type}`, type, ...older])) return undefined;
  const known = fileSystems(index);
  const suggestion = nearestOf(type, known);
  return {
    kind: 'usage',
    code: 'no-file-system',
    what: 'the kernel does not support this file system',
    where: `${nameOf([...field, 'type'])}: ${type}`,
    field: [...field, 'type'],
    why: `the kernel ${release} has no module for it, and the machine has no program mount.${type}`,
    next: `${didYouMean(type, known)}the kernel has ${known.join(', ')}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function has(index: ModuleIndex, names: readonly string[]): boolean {
  return selectModules(index, names).missing.length < names.length;
}

/** Names of the file systems of modules. */
function fileSystems({ aliases }: ModuleIndex): string[] {
  return [...aliases.keys()].flatMap((alias) => /^fs_(\w+)$/.exec(alias)?.[1] ?? []).sort();
}
