/** Who runs mkma: root by sudo on behalf of a user, or somebody directly. */
import type { Owner } from './files.js';

export interface Caller {
  readonly root: boolean;
  /** Who outputs shall belong to: the user behind sudo. None where that is root or no sudo was used. */
  readonly owner?: Owner;
}

/** Read it from the process and sudo's variables (sudo(8)). */
export function readCaller(env: Readonly<Record<string, string | undefined>>): Caller {
  const root = process.getuid?.() === 0;
  const uid = Number(env.SUDO_UID);
  const gid = Number(env.SUDO_GID);
  const behindSudo = root && Number.isInteger(uid) && Number.isInteger(gid) && uid > 0;
  return behindSudo ? { root, owner: { uid, gid } } : { root };
}
