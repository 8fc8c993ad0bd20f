/** The overlay: the base below, an empty `fresh` above, and the view of both for the running system. */
import { OVERLAY } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import type { Machine } from '../machine.js';
import { must } from './must.js';
import { NEW_ROOT, RAM, VIEW } from './places.js';
import type { Undo } from './undo.js';

const BASE = `${VIEW}/${OVERLAY.base}`;
const FRESH = `${VIEW}/${OVERLAY.fresh}`;
const LAYERS = `${VIEW}/${OVERLAY.layers}`;
const WORK = `${RAM}/work`;

/** Places that the handover mounts onto. A base lacks one only where it was made by hand. */
const MOUNT_POINTS = ['dev', 'proc', 'sys', 'run', OVERLAY.root];

/**
 * Stack the overlay on {@link NEW_ROOT} and bind the view below it. The RAM file system's own mount is then released:
 * the overlay and the view keep it alive, and nothing stray stays behind.
 */
export function stackOverlay(machine: Machine, undo: Undo): Result<void> {
  makeMountPoints(machine);
  makeUpper(machine);
  // What the kernel would otherwise take from its build: a redirected or metadata-only upper cannot become a layer.
  const options = `lowerdir=${BASE},upperdir=${FRESH},workdir=${WORK},redirect_dir=off,metacopy=off`;
  const overlay = machine.run(['mount', '-t', 'overlay', '-o', options, 'mkma', NEW_ROOT]);
  if (overlay.code !== 0) {
    return err({
      what: 'cannot stack the overlay',
      where: options,
      why: `${overlay.stderr.trim()}\n${machine.run(['sh', '-c', 'dmesg | tail -n 3']).stdout.trimEnd()}`,
      next: 'look whether the kernel has the module overlay: modprobe overlay',
    });
  }
  undo.push(['umount', NEW_ROOT]);
  const view = `${NEW_ROOT}/${OVERLAY.root}`;
  must(machine, ['mount', '-o', 'bind', VIEW, view]);
  undo.push(['umount', view]);
  // A bind takes its restrictions by a second mount only. The root itself has to stay free of them: sudo, devices.
  must(machine, ['mount', '-o', 'remount,bind,ro,nosuid,nodev', view]);
  must(machine, ['umount', RAM]);
  undo.drop(['umount', RAM]);
  return ok();
}

function makeMountPoints(machine: Machine): void {
  for (const name of MOUNT_POINTS) {
    if (machine.info(`${BASE}/${name}`) === undefined)
      must(machine, ['mkdir', '-m', '0755', `${BASE}/${name}`]);
  }
}

/** The merged root shows mode, owner and time of the upper directory: they are the base's. */
function makeUpper(machine: Machine): void {
  const [mode, owner] = must(machine, ['stat', '-c', '%a %u:%g', BASE]).trim().split(' ') as [string, string];
  must(machine, ['mkdir', FRESH, WORK, LAYERS]);
  must(machine, ['chown', owner, FRESH]);
  must(machine, ['chmod', mode, FRESH]);
  must(machine, ['touch', '-r', BASE, FRESH]);
}
