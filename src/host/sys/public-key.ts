/** The public ssh key of whoever runs mkma. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './files.js';

/** In the order in which ssh(1) offers them, but for kinds that need something plugged in. */
const NAMES = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub'];

export interface PublicKey {
  readonly path: string;
  /** As a line of authorized_keys, without options (sshd(8)). */
  readonly line: string;
}

/** The key in the home of the user behind sudo, or of whoever runs this; `undefined` where there is none. */
export function findPublicKey(owner: Owner | undefined): PublicKey | undefined {
  const home = owner === undefined ? homedir() : homeOf(owner.uid);
  if (home === undefined) return undefined;
  for (const path of NAMES.map((name) => join(home, '.ssh', name)).filter(existsSync)) {
    const line = /^(ssh-|ecdsa-)\S+ [A-Za-z0-9+/=]+( [^\n\p{Cc}]*)?/u.exec(readText(path))?.[0].trim();
    if (line !== undefined) return { path, line };
  }
  return undefined;
}

/** Home folder by passwd(5). */
function homeOf(uid: number): string | undefined {
  const entries = readText('/etc/passwd')
    .split('\n')
    .map((line) => line.split(':'));
  return entries.find((fields) => fields[2] === String(uid))?.[5];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
