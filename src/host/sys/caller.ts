/** Who runs mkma: root through sudo on behalf of a user, or a user directly. */
import type { Owner } from './files.js';

export interface Caller {
  readonly root: boolean;
  /** The owner of outputs: the user behind sudo. None if that is root or sudo was not used. */
  readonly owner?: Owner;
}

/** Reads it from the process and sudo's variables (sudo(8)). */
export function readCaller(env: Readonly<Record<string, string | undefined>>): Caller {
  const root = process.getuid?.() === 0;
  const uid = Number(env.SUDO_UID);
  const gid = Number(env.SUDO_GID);
  const behindSudo = root && Number.isInteger(uid) && Number.isInteger(gid) && uid > 0;
  return behindSudo ? { root, owner: { uid, gid } } : { root };
}
