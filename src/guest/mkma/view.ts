/** Where the directories that form the root are visible. */
import { type BootRecord, isMounted } from '../../core/boot/record.js';
import { OVERLAY } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { GuestSystem } from '../system.js';

export const VIEW = `/${OVERLAY.root}`;
/** The upper directory. */
export const FRESH = `${VIEW}/${OVERLAY.fresh}`;

/** Mount points of the view: an image that is a file system has one of its own. */
function mountPoints({ images }: BootRecord): string[] {
  const folders = images
    .filter(isMounted)
    .map(({ layer }) => (layer === undefined ? OVERLAY.base : `${OVERLAY.layers}/${layer}`));
  return [VIEW, ...folders.map((folder) => `${VIEW}/${folder}`)];
}

/**
 * The mount point in a line of mountinfo, where the kernel prints spaces, tabs, newlines and backslashes in
 * octal (proc_pid_mountinfo(5)).
 */
export function mountPoint(line: string): string | undefined {
  const octal = (_: string, digits: string): string => String.fromCharCode(Number.parseInt(digits, 8));
  return line.split(' ')[4]?.replace(/\\([0-7]{3})/g, octal);
}

/**
 * Checks that the view is still mounted. The kernel keeps its directories as long as the root is mounted, but
 * without a mount they cannot be reached.
 */
export function checkView(machine: GuestSystem, record: BootRecord): Result<void> {
  const mounts = (machine.readText('/proc/self/mountinfo') ?? '').split('\n').map((line) => mountPoint(line));
  const gone = mountPoints(record).filter((point) => !mounts.includes(point));
  return gone.length === 0 ? ok() : err(viewGone(gone));
}

function viewGone(points: readonly string[]): Problem {
  return {
    code: 'view-gone',
    what: 'cannot access the base, the layers and the changes',
    where: points.join(', '),
    why: 'it was unmounted, by hand or by umount -a; all of them are still in RAM, but no program can access them separately',
    next: 'copy what you want to keep from / to another medium, then reboot: changes since boot cannot be saved',
  };
}
