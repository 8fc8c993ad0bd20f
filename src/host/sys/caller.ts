/** Who runs mkma: root through sudo on behalf of a user, or a user directly. */
import type { Owner } from './files.js';

export interface Caller {
  /** Root of this host, or of the container that it is. */
  readonly root: boolean;
  /**
   * A plain user for whom mkma runs as root of a user namespace (own-users.ts): trees can be built, and
   * nothing of this host can be changed.
   */
  readonly rootless: boolean;
  /** The owner of outputs: the user behind sudo. None if that is root or sudo was not used. */
  readonly owner?: Owner;
}

/** Reads it from the process and sudo's variables (sudo(8)). */
export function readCaller(env: Readonly<Record<string, string | undefined>>, rootless = false): Caller {
  const root = process.getuid?.() === 0 && !rootless;
  const uid = Number(env.SUDO_UID);
  const gid = Number(env.SUDO_GID);
  const behindSudo = root && Number.isInteger(uid) && Number.isInteger(gid) && uid > 0;
  return { root, rootless, ...(behindSudo ? { owner: { uid, gid } } : {}) };
}

/** Whether trees of a machine can be made and changed: their owners, mounts, programs. */
export function mayBuild({ root, rootless }: Caller): boolean {
  return root || rootless;
}
