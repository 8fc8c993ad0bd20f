/** Which mirrors to build from: the one given, else those of this Debian host, else Debian's own. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result, usage } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';
import { splitLogin } from '../tools/apt-config.js';
import { type AptSource, parseDeb822, parseOneLine, pickMirrors } from '../tools/apt-sources.js';
import { SNAPSHOT } from '../tools/mmdebstrap.js';

export interface Mirrors {
  readonly main: string;
  readonly security: string;
  /** Names and passwords from the addresses, as entries of apt_auth.conf(5): never shown, nor recorded. */
  readonly logins?: readonly string[];
}

/** The mirrors in the built system's own sources, whatever it was built from. */
export const DEBIAN_MIRRORS: Mirrors = {
  main: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};

/** `asked` is the value of --mirror; `root` is the host's root file system, `/` except in tests. */
export function chooseMirrors(asked: string | undefined, root = '/'): Result<Mirrors> {
  const own = isDebian(root) ? pickMirrors(readSources(root)) : {};
  const security = own.security ?? DEBIAN_MIRRORS.security;
  if (asked === undefined) return ok(withLogins(own.main ?? DEBIAN_MIRRORS.main, security));
  if (!/^(https?|ftp|file|copy):\/\/?\S+$/.test(asked)) {
    return usage({
      code: 'mirror-invalid',
      what: 'not a mirror',
      where: `--mirror ${withoutLogins(asked)}`,
      why: 'a mirror must be an http, https, ftp or file URL',
      next: `for example --mirror ${DEBIAN_MIRRORS.main}`,
    });
  }
  const main = asked.replace(/\/+$/, '');
  return ok(withLogins(main, securityOf(main) ?? security));
}

function withLogins(main: string, security: string): Mirrors {
  const [plainMain, plainSecurity] = [splitLogin(main), splitLogin(security)];
  const entries = [plainMain.entry, plainSecurity.entry].filter((entry) => entry !== undefined);
  const logins = [...new Set(entries)];
  return {
    ...{ main: plainMain.address, security: plainSecurity.address },
    ...(logins.length === 0 ? {} : { logins }),
  };
}

/** For a snapshot of a mirror: the snapshot of security updates beside it. */
function securityOf(main: string): string | undefined {
  const [time] = SNAPSHOT.exec(main) ?? [];
  const archive = time === undefined ? main : main.slice(0, -time.length);
  return time !== undefined && archive.endsWith('/debian') ? `${archive}-security${time}` : undefined;
}

function isDebian(root: string): boolean {
  const path = join(root, 'etc/os-release');
  return existsSync(path) && /^ID="?debian"?$/m.test(readFileSync(path, 'utf8'));
}

function readSources(root: string): AptSource[] {
  const folder = join(root, 'etc/apt/sources.list.d');
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const parts = files.map((name) => join(folder, name));
  return [join(root, 'etc/apt/sources.list'), ...parts].filter(existsSync).flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    return path.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text);
  });
}
