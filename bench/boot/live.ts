/** Debian's live-boot, in RAM (`toram`) from a squashfs of the same tree: installed once in a copy of it, from the mirror. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../src/core/contract.js';
import { chooseMirrors } from '../../src/host/mirror/mirrors.js';
import { output } from '../programs.js';

export interface Live {
  /** The root in which it and the tools of other ways are installed. */
  readonly root: string;
  /** Its initramfs, made by initramfs-tools. */
  readonly initrd: string;
}

/** Everything that it needs, on top of the tree. */
const PACKAGES = [
  ...['live-boot', 'live-boot-initramfs-tools', 'initramfs-tools', 'zstd', 'squashfs-tools'],
  'libarchive-tools',
];

/** $1: a copy of the tree, $2: `uname -r`, the rest: packages. The kernel's configuration tells how initramfs may be compressed. */
const INSTALL = `set -e
root=$1 release=$2
shift 2
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/proc" && mount --bind /proc "$root/proc"
trap 'umount "$root/proc"' EXIT
printf '#!/bin/sh\\nexit 101\\n' > "$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
chroot "$root" apt-get -q -o APT::Sandbox::User=root update >&2
chroot "$root" apt-get -q -y -o APT::Sandbox::User=root -o APT::Install-Recommends=0 install "$@" >&2
printf 'CONFIG_RD_ZSTD=y\\nCONFIG_TMPFS=y\\n' > "$root/boot/config-$release"
chroot "$root" mkinitramfs -c zstd -o /boot/live-initrd "$release" >&2`;

/** The kernel and suite of the images. */
export interface Origin {
  readonly images: string;
  readonly kernelRelease: string;
  readonly suite: string;
}

/**
 * Install it. `kept` is a folder that stays: what was installed there for this kernel is not installed again, so that a second
 * run needs no network.
 */
export function prepareLive(origin: Origin, kept: string): Live {
  const root = join(kept, `live-${origin.kernelRelease}`);
  if (!existsSync(root)) installLive(origin, root);
  return { root, initrd: join(root, 'boot/live-initrd') };
}

/** The tree of the images as a squashfs in the folder `scratch`: gzip is what mksquashfs, and with it live-build, takes unasked. */
export function makeSquashfs(
  { root }: Live,
  images: string,
  scratch: string,
  compressor: 'zstd' | 'gzip',
): string {
  const squashfs = join(scratch, `${compressor}.squashfs`);
  const tree = join(root, 'mnt');
  output('mount', '--bind', join(images, FILES.chroot), tree);
  try {
    const options = ['-quiet', '-no-progress', '-comp', compressor, '-noappend'];
    output('chroot', root, 'mksquashfs', '/mnt', '/tmp/filesystem.squashfs', ...options);
  } finally {
    output('umount', tree);
  }
  // Perhaps on another file system.
  cpSync(join(root, 'tmp/filesystem.squashfs'), squashfs);
  rmSync(join(root, 'tmp/filesystem.squashfs'));
  return squashfs;
}

function installLive({ images, kernelRelease: release, suite }: Origin, root: string): void {
  const mirrors = chooseMirrors(undefined);
  if (!mirrors.ok) throw new Error(JSON.stringify(mirrors.problem));
  const making = `${root}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(join(making, '..'), { recursive: true });
  output('cp', '-a', '--reflink=auto', join(images, FILES.chroot), making);
  rmSync(join(making, 'etc/apt/sources.list.d/debian.sources'), { force: true });
  writeFileSync(join(making, 'etc/apt/sources.list'), `deb ${mirrors.value.main} ${suite} main\n`);
  output('sh', '-c', INSTALL, 'sh', making, release, ...PACKAGES);
  cpSync(join(images, FILES.kernel), join(making, 'boot', `vmlinuz-${release}`));
  renameSync(making, root);
}
