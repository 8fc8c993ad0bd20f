/**
 * Two views that a command mounts for itself: the root without what is mounted in it, and what is below the
 * upper directory. They show where content is that the upper directory has only a mark of, and what a path
 * was before, whatever the number of layers.
 */
import type { BootRecord } from '../../core/boot/record.js';
import { COMPOSED, OVERLAY } from '../../core/contract.js';
import { must, mustMakeFolder } from '../must.js';
import type { RunningSystem } from '../system.js';
import { mountPoint, VIEW } from './view.js';

const ROOT = '/run/mkma/root';
const BELOW = '/run/mkma/below';
/** Links to the lower directories, by their number from the top: mount(2) takes a page of options. */
const LINKS = '/run/mkma/lower';

export interface Merged {
  /** The root of the machine, without what is mounted in it. */
  readonly root: string;
  /** The lower directories as one. */
  readonly below: string;
  /** Whether that is a mounted overlay, not the only directory itself. */
  readonly isMounted: boolean;
}

/** Mounts both, calls `work`, and releases them. */
export function withMerged<T>(machine: RunningSystem, record: BootRecord, work: (merged: Merged) => T): T {
  const mounted: string[] = [];
  try {
    mustMakeFolder(machine, ROOT, 0o700);
    // Private: what is mounted later, on the machine, must not appear in it.
    must(machine, ['mount', '--bind', '--make-private', liveRoot(machine), ROOT]);
    mounted.push(ROOT);
    // Reading leaves no traces in times of access.
    must(machine, ['mount', '-o', 'remount,bind,ro,nosuid,nodev,noatime', ROOT]);
    const below = mountBelow(machine, record);
    if (below === BELOW) mounted.push(BELOW);
    return work({ root: ROOT, below, isMounted: below === BELOW });
  } finally {
    for (const point of mounted.reverse()) machine.run(['umount', '--lazy', point]);
  }
}

/**
 * Where the overlay of this boot is mounted. Early boot gives it this name (proc_pid_mountinfo(5): the fields
 * after a dash are type and source).
 */
export function liveRoot(machine: RunningSystem): string {
  const lines = (machine.readText('/proc/self/mountinfo') ?? '').split('\n');
  return mountPoint(lines.find((line) => / - overlay mkma /.test(line)) ?? '') ?? '/';
}

/**
 * An overlay needs two directories. It is read only: a redirect is never followed in it, since no layer has
 * any; metadata of layers is.
 */
function mountBelow(machine: RunningSystem, { images, composed }: BootRecord): string {
  const layers = images.filter(({ kind }) => kind === 'layer').map(({ layer }) => layer as string);
  const base = `${VIEW}/${OVERLAY.base}`;
  if (layers.length === 0) return base;
  const highest = composed === undefined ? [] : [`${VIEW}/${COMPOSED}`];
  const folders = [...highest, ...layers.reverse().map((name) => `${VIEW}/${OVERLAY.layers}/${name}`), base];
  mustMakeFolder(machine, BELOW, 0o700);
  mustMakeFolder(machine, LINKS, 0o700);
  for (const [i, folder] of folders.entries()) {
    const why = machine.link(folder, `${LINKS}/${i + 1}`);
    if (why !== undefined) throw new Error(`cannot make a link in ${LINKS}: ${why}`);
  }
  const lower = folders.map((_, i) => i + 1).join(':');
  const mount = (options: string) =>
    // By default mount(8) passes options one by one, and the kernel accepts 256 bytes of each.
    machine.run(
      ['env', 'LIBMOUNT_FORCE_MOUNT2=always', 'mount', '-t', 'overlay', '-o', options, 'mkma-below', BELOW],
      { cwd: LINKS },
    );
  const common = `ro,nosuid,nodev,noatime,lowerdir=${lower},index=off,nfs_export=off,xino=off`;
  const first = mount(`${common},redirect_dir=follow,metacopy=on`);
  if (first.code === 0) return BELOW;
  const plain = mount(common);
  if (plain.code !== 0) throw new Error(`cannot mount ${BELOW}: ${first.stderr.trim()}`);
  return BELOW;
}
