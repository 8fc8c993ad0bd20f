/** Files that programs have open. */
import type { TreeEntry } from '../../../core/archive/tree.js';
import { showPath } from '../../../core/overlay/change-list.js';
import type { RunningSystem } from '../../system.js';
import { find } from '../directory.js';
import type { Merged } from '../merged.js';
import type { Plan } from './plan.js';

/** The file systems and inodes of what every descriptor points to (proc_pid_fd(5)), by one program. */
const FOLLOW = ['find', '-L', '/proc', '-mindepth', '3', '-maxdepth', '3', '-path', '/proc/[0-9]*/fd/*'];
const LIST = [...FOLLOW, '-type', 'f', '-printf', '%D:%i\n'];

/** Those of the files that are to be removed or replaced. */
export function openFiles(
  machine: RunningSystem,
  { root }: Merged,
  { remove, replace, restore }: Plan,
): string[] {
  const files = find(machine, root, [...remove, ...replace], 'everything').concat(
    find(machine, root, restore, 'themselves'),
  );
  const open = new Set(machine.run(LIST).stdout.split('\n'));
  const isOpen = ({ type, fileSystem, ino }: TreeEntry): boolean =>
    type === 'f' && open.has(`${fileSystem}:${ino}`);
  return [...new Set(files.filter(isOpen).map(({ path }) => showPath(path)))].sort();
}
