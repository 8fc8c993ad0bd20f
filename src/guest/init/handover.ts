/**
 * Phase "handover": moves everything the real init expects to be mounted into the new root, and signals the
 * stub.
 */
import { err, ok, type Result } from '../../core/result.js';
import { must } from '../must.js';
import { resolveInside } from '../resolve.js';
import type { GuestSystem } from '../system.js';
import { HANDOVER, NEW_ROOT } from './folders.js';
import type { Undo } from './undo.js';

/** /proc last: mount(8) reads it. */
const MOVED = ['/dev', '/sys', '/run', '/proc'];

/** Checks that the new root has the program to hand over to, before anything is moved. */
export function checkInit(machine: GuestSystem, init: string): Result<void> {
  const path = init.startsWith('/') ? resolveInside(machine, NEW_ROOT, init) : undefined;
  const info = path === undefined ? undefined : machine.info(NEW_ROOT + path);
  const why = !init.startsWith('/')
    ? 'not an absolute path'
    : info === undefined
      ? 'no such file in the base or a layer'
      : info.kind !== 'file'
        ? 'not a regular file'
        : (info.mode & 0o111) === 0
          ? 'not executable'
          : undefined;
  if (why === undefined) return ok();
  return err({
    code: 'init-missing',
    what: 'no init to hand over to',
    where: `init=${init}`,
    why,
    next: 'correct init= in the boot loader, or build a base that contains it (package systemd-sysv)',
  });
}

/**
 * Moves the mounts and leaves the stub a note with the new root. busybox's switch_root moves only the root.
 */
export function handOver(machine: GuestSystem, init: string, undo: Undo): void {
  if (!machine.write(HANDOVER, `${NEW_ROOT}\n${init}\n`)) throw new Error(`cannot write ${HANDOVER}`);
  undo.push(['rm', '-f', HANDOVER]);
  for (const mount of MOVED) {
    must(machine, ['mount', '-o', 'move', mount, NEW_ROOT + mount]);
    undo.push(['mount', '-o', 'move', NEW_ROOT + mount, mount]);
  }
}
