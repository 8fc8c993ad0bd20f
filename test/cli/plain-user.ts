/** A plain user with subordinate ids: in a mount namespace with an /etc of its own, so that nothing of this host changes. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, execute, type MkmaOptions, main } from './cli.js';

/** A user and group that no host has, and ids that none gives to others. */
const NAME = 'mkma-plain-user';
const ID = 47_110_000;
/** The usual range: 65,536 ids. */
export const WHOLE = `${NAME}:${ID + 65536}:65536`;

/** The user in words of passwd(5) and subuid(5), for another host. */
export function ofUser(home: string) {
  return { id: ID, passwd: `${NAME}:x:${ID}:${ID}::${home}:/bin/sh`, range: WHOLE };
}

export class PlainUser {
  /** The user's home, the folder of everything. */
  readonly home: string;
  private readonly etc: string;

  /** In a folder that root alone may enter so far. */
  constructor(folder: string) {
    chmodSync(folder, 0o711);
    this.home = join(folder, 'home');
    this.etc = join(folder, 'etc');
    mkdirSync(this.home);
    chownSync(this.home, ID, ID);
    execFileSync('cp', ['--archive', '/etc', this.etc]);
    appendFileSync(join(this.etc, 'passwd'), `${ofUser(this.home).passwd}\n`);
    appendFileSync(join(this.etc, 'group'), `${NAME}:x:${ID}:\n`);
    this.give(WHOLE);
  }

  /** Give the user these subordinate ids, as lines of subuid(5), for users and groups; these are all that there are. */
  give(...lines: readonly string[]): void {
    for (const file of ['subuid', 'subgid'])
      writeFileSync(join(this.etc, file), lines.map((line) => `${line}\n`).join(''));
  }

  /** Give a file or folder, with all in it, to the user. */
  own(path: string): void {
    execFileSync('chown', ['--recursive', '--no-dereference', `${ID}:${ID}`, path]);
  }

  /** Run a program as the user. */
  execute(file: string, args: readonly string[], options: Omit<MkmaOptions, 'uid'> = {}): Promise<Ended> {
    const script = `mount --bind "$1" /etc; home=$2; shift 2
exec setpriv --reuid ${ID} --regid ${ID} --clear-groups env HOME="$home" "$@"`;
    const words = ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', this.etc, this.home];
    return execute('unshare', [...words, file, ...args], options);
  }

  /** Run mkma as the user. */
  mkma(args: readonly string[], options: Omit<MkmaOptions, 'uid'> = {}): Promise<Ended> {
    return this.execute(process.execPath, [main, ...args], options);
  }
}
