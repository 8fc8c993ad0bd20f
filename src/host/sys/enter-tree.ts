/**
 * Runs programs inside a machine's tree: in namespaces of their own, so that mounts and processes end with
 * them.
 */
import type { Command } from './command.js';

// $1 is the tree, the rest the command. The host's name servers are used if the tree has a file to mount on.
const ENTER = `set -e
root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
# What a link in the tree leads to (pack/kept-out.ts, POLICY): maintainers' scripts start nothing.
mkdir "$root/run/mkma"
printf '#!/bin/sh\\nexit 101\\n' >"$root/run/mkma/policy-rc.d"
chmod 755 "$root/run/mkma/policy-rc.d"
if [ -f "$root/etc/resolv.conf" ] && [ ! -L "$root/etc/resolv.conf" ] && [ -e /etc/resolv.conf ]; then
  mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
fi
# Where systemd-resolved is to have the names.
if [ -e /etc/resolv.conf ]; then mkdir -p "$root/run/systemd/resolve"; cp -L /etc/resolv.conf "$root/run/systemd/resolve/stub-resolv.conf"; fi
exec chroot "$root" "$@"`;

/** The tree's PATH, and nothing that names files or the language of this host. */
const ENVIRONMENT = {
  HOME: '/root',
  LANG: 'C.UTF-8',
  LC_ALL: undefined,
  TMPDIR: undefined,
  // As in a chroot, which systemctl does not detect here, where process 1 is in it too: units are enabled,
  // none is started.
  SYSTEMD_OFFLINE: '1',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

/** A new network namespace has only this, and it is down. */
const LOOPBACK = 'ip link set lo up 2>/dev/null; exec "$@"';

export interface InTree {
  readonly root: string;
  readonly command: readonly string[];
  /** In addition to the usual variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Like `env`, for what may contain passwords: never shown. */
  readonly secretEnv?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | Uint8Array;
  /** Whether the command reaches this host's network; otherwise it has loopback only. Default: yes. */
  readonly network?: boolean;
}

/** The command that runs another inside the tree at `root`. */
export function inTree({ root, command, env = {}, secretEnv, input, network = true }: InTree): Command {
  const alone = network ? [] : ['unshare', '--net', '--', 'sh', '-c', LOOPBACK, 'mkma'];
  const [file = '', ...args] = [...alone, 'sh', '-c', ENTER, 'mkma', root, ...command];
  return {
    ...{ file, args, isolated: true, env: { ...ENVIRONMENT, ...env }, secretEnv },
    ...(input === undefined ? {} : { input }),
  };
}
