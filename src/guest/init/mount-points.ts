/** The folders that early boot mounts on. */
import { OVERLAY } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import { mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import type { ImageFile } from './images.js';

/** An image lacks one only if it was made by hand, or is a layer. */
const MOUNT_POINTS = ['dev', 'proc', 'sys', 'run', OVERLAY.root];

/** Checks that those an image has, unpacked into `folder`, are folders: a link would lead elsewhere. */
export function checkMountPoints(machine: GuestSystem, image: ImageFile, folder: string): Result<void> {
  for (const name of MOUNT_POINTS) {
    const target = machine.readlink(`${folder}/${name}`);
    const link = target === undefined ? undefined : `a link to ${quoteName(target)}`;
    const odd = link ?? (machine.info(`${folder}/${name}`)?.kind === 'file' ? 'a file' : undefined);
    if (odd === undefined) continue;
    return err({
      code: 'mount-point-missing',
      what: `the image has no mount point /${name}`,
      where: image.shown,
      why: `/${name} is ${odd}, not a folder`,
      next: 'make it a folder and build the image again',
    });
  }
  return ok();
}

/** Creates the missing ones. */
export function makeMountPoints(machine: GuestSystem, root: string): void {
  for (const name of MOUNT_POINTS) {
    if (machine.info(`${root}/${name}`) === undefined) mustMakeFolder(machine, `${root}/${name}`);
  }
}
