/** The public ssh key of the user who runs mkma. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './files.js';
import { run } from './run.js';

/** Names of ssh-keygen(1), the best kind first, without keys that need a hardware token. */
const NAMES = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub'];

export interface PublicKey {
  readonly path: string;
  /** As a line of authorized_keys, without options (sshd(8)). */
  readonly line: string;
}

/** The key in the home of the user behind sudo, or of the caller; `undefined` if there is none. */
export async function findPublicKey(
  owner: Owner | undefined,
  signal: AbortSignal,
): Promise<PublicKey | undefined> {
  const home = owner === undefined ? homedir() : await homeOf(owner.uid, signal);
  if (home === undefined) return undefined;
  for (const path of NAMES.map((name) => join(home, '.ssh', name)).filter(existsSync)) {
    const line = /^(ssh-|ecdsa-)\S+ [A-Za-z0-9+/=]+( [^\n\p{Cc}]*)?/u.exec(readText(path))?.[0].trim();
    if (line !== undefined) return { path, line };
  }
  return undefined;
}

/** Home folder, from any source of users (getent(1)). */
async function homeOf(uid: number, signal: AbortSignal): Promise<string | undefined> {
  const entry = await run({ file: 'getent', args: ['passwd', String(uid)] }, { signal });
  return entry.ok ? entry.value.stdout.trim().split(':')[5] : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
