/** Keeps the view mounted on the running machine if systemd is its init. */
import { OVERLAY } from '../../core/contract.js';
import { resolveInside } from '../resolve.js';
import type { GuestSystem } from '../system.js';
import { NEW_ROOT } from './folders.js';
import { say } from './say.js';

/** Units of this boot: /run survives a soft reboot (systemd.unit(5), systemd-soft-reboot.service(8)). */
const UNITS = '/run/systemd/system';

/**
 * systemd unmounts everything mounted with default dependencies at every shutdown, soft reboots included,
 * after which nothing mounts the view again. The second name applies to what is mounted below it.
 */
const STAYS = '[Unit]\nDefaultDependencies=no\n';
const DROP_INS = [`${OVERLAY.root}.mount.d`, `${OVERLAY.root}-.mount.d`];

/**
 * Makes systemd keep the view. With another init, the folder of these files would make programs believe
 * that it is systemd.
 */
export function keepView(machine: GuestSystem, init: string): void {
  if (resolveInside(machine, NEW_ROOT, init)?.endsWith('/systemd') !== true) return;
  const folders = ['/run/systemd', UNITS, ...DROP_INS.map((name) => `${UNITS}/${name}`)];
  const made = folders.every((folder) => machine.makeFolder(folder, 0o755) === undefined);
  const written = made && DROP_INS.every((name) => machine.write(`${UNITS}/${name}/mkma.conf`, STAYS));
  if (!written)
    say(machine, `warning: /${OVERLAY.root} will not survive a soft reboot: cannot write to ${UNITS}`);
}
