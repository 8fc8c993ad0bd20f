/** Whether a plain user can build on this host, tried for real, and what to change if not. */
import { existsSync, readFileSync } from 'node:fs';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { startWithUsers } from './own-users.js';
import { NOBODY_ID, ownMaps } from './sub-ids.js';

/**
 * What a build does there. Prints the word of the first thing that fails, after what its program printed. $1:
 * an id.
 */
const TRY = `exec 2>&1
fail() { echo; echo "$1"; exit 0; }
mount -t tmpfs tmpfs /tmp || fail mounts
: >/tmp/file || fail mounts
chown "$1:$1" /tmp/file || fail owners
unshare --mount --pid --fork --mount-proc --kill-child=KILL true || fail processes
echo; echo fine`;

/**
 * Enters a user namespace with this user's subordinate ids, and tries mounts, owners and process namespaces
 * there. The problem is what to change on this host.
 */
export async function tryOwnUsers(signal: AbortSignal): Promise<Result<void>> {
  if (!existsSync('/proc/self/ns/user')) return err(forbidden('', ''));
  const maps = await ownMaps(signal);
  if (!maps.ok) return maps;
  const args = ['--mount', '--propagation', 'slave', '--', 'sh', '-c', TRY, 'sh', String(NOBODY_ID)];
  const running = await startWithUsers({ file: 'unshare', args }, maps.value, { stdout: 'pipe', signal });
  if (!running.ok) return running;
  let printed = '';
  running.value.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const ended = await running.value.ended;
  if (!ended.ok) return ended;
  const lines = printed.trim().split('\n').filter(Boolean);
  const word = lines.pop() ?? '';
  if (word === 'fine') return ok();
  return err(forbidden(word, [...lines, ended.value.stderr.trim()].filter(Boolean).join('\n')));
}

/** What forbids it, as far as the kernel shows: a reason, and what to change. */
interface Ban {
  readonly why: string;
  readonly next: string;
}

const SYSCTL = '/proc/sys/';

/** Settings of the kernel that forbid user namespaces to plain users, with the value that does. */
const SETTINGS: readonly (Ban & { readonly name: string; readonly value: string })[] = [
  {
    // Debian's and Ubuntu's patch.
    name: 'kernel/unprivileged_userns_clone',
    value: '0',
    why: 'kernel.unprivileged_userns_clone is 0: only root may create user namespaces',
    next: 'allow it: sudo sysctl kernel.unprivileged_userns_clone=1 (in /etc/sysctl.d to keep it)',
  },
  {
    name: 'user/max_user_namespaces',
    value: '0',
    why: 'user.max_user_namespaces is 0: nobody may create user namespaces',
    next: 'allow them: sudo sysctl user.max_user_namespaces=15000 (in /etc/sysctl.d to keep it)',
  },
  {
    // Ubuntu 23.10 and later: the namespace is created, and all that root of it does is denied.
    name: 'kernel/apparmor_restrict_unprivileged_userns',
    value: '1',
    why: 'AppArmor lets programs create a user namespace and denies them everything inside it',
    next: 'allow it: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 (in /etc/sysctl.d to keep it)',
  },
];

/**
 * The problem of what failed: `word` as {@link TRY} prints it, nothing if the namespace could not be entered.
 * `root` is another root of the file system to read the kernel's settings from.
 */
export function forbidden(word: string, said: string, root = ''): Problem {
  const { why, next } = banOf(word, root);
  return {
    code: 'user-namespace-forbidden',
    what: 'cannot build without root: this host does not let plain users have a user namespace',
    why: said === '' ? why : `${why}\n${said}`,
    next,
  };
}

function banOf(word: string, root: string): Ban {
  const read = (path: string): string => {
    try {
      return readFileSync(`${root}${path}`, 'latin1').trim();
    } catch {
      return '';
    }
  };
  const set = SETTINGS.find(({ name, value }) => read(`${SYSCTL}${name}`) === value);
  if (set !== undefined) return set;
  if (word === 'processes') {
    return {
      why: 'a /proc of its own cannot be mounted: parts of this one are hidden, as in a container',
      next: 'build on the host, or start the container with --security-opt systempaths=unconfined',
    };
  }
  if (!/^\d+ \d+ \S+ \S+ \/ /m.test(read('/proc/self/mountinfo'))) {
    return {
      why: 'in a chroot the kernel refuses user namespaces (unshare(2), EPERM)',
      next: 'build outside of the chroot',
    };
  }
  if (/^Seccomp:\s*2$/m.test(read('/proc/self/status'))) {
    return {
      why: 'system calls are filtered, as in a container',
      next: 'build on the host, or start the container with --security-opt seccomp=unconfined',
    };
  }
  return {
    why: word === 'owners' ? 'files cannot be given to subordinate ids' : 'the kernel refuses it',
    next: 'ask the administrator of this host which security module or setting forbids it',
  };
}
