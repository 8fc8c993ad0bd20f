/** Shell commands that add packages to a tree, as mmdebstrap(1) would have installed all of them. Pure. */
import { bringAndKeep, PRINT_URIS } from './fetch-hooks.js';

// One command a line: in a list with && a failure would not end the script.

/**
 * The configuration of apt, which runs outside of the tree at `$ROOT`, as mmdebstrap's (its function
 * run_setup): the tree's own apt.conf.d is read after it.
 */
const CONFIGURE = `set -e
export APT_CONFIG="$MKMA_LISTS.conf"
cat > "$APT_CONFIG" <<END
Apt::Architecture "$MKMA_ARCHITECTURES";
Apt::Architectures "$MKMA_ARCHITECTURES";
Dir "$ROOT";
Dir::State::Lists "$MKMA_LISTS";
Dir::State::Status "$ROOT/var/lib/dpkg/status";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "$MKMA_LISTS.cache";
Dir::Etc::Trusted "/etc/apt/trusted.gpg";
Dir::Etc::TrustedParts "/etc/apt/trusted.gpg.d/";
pkgCacheGen::ForceEssential ",";
Apt::Install-Recommends "$MKMA_RECOMMENDS";
Acquire::Languages "none";
#include "$MKMA_REACH";
END
mkdir -p "$MKMA_LISTS/partial" "$ROOT/var/cache/apt/archives/partial"`;

/** Where each answer begins in the output. */
const ANSWER = 'mkma-answer:';

/**
 * Asks apt what a bootstrap of all packages would install, what adding the new ones would do, and for the
 * files of the kernel. Nothing is changed but the lists.
 */
export const ASK = `${CONFIGURE}
apt-get -q -o Acquire::Retries=0 -o Acquire::PDiffs=false update --error-on=any
: > "$MKMA_LISTS.empty"
echo '${ANSWER}all'
printf '%s\\n' "$MKMA_WANTED" | xargs -d '\\n' apt-get -qq --simulate -o Dir::State::Status="$MKMA_LISTS.empty" -o Dir::State::extended_states="$MKMA_LISTS.empty" install
echo '${ANSWER}more'
printf '%s\\n' "$MKMA_NEW" | xargs -d '\\n' apt-get -qq --simulate install
echo '${ANSWER}kernel'
if [ -n "$MKMA_KERNEL" ]; then
  for each in $MKMA_KERNEL; do apt-cache show --no-all-versions "$each" | sed -n 's/^Filename: .*\\///p'; done
fi
echo '${ANSWER}end'`;

/** The answers of {@link ASK}, by name. */
export function answersOf(output: string): ReadonlyMap<string, string> {
  const parts = output.split(new RegExp(`^${ANSWER}(\\w+)\\n`, 'm'));
  const answers = new Map<string, string>();
  for (let i = 1; i + 1 < parts.length; i += 2) answers.set(parts[i] ?? '', parts[i + 1] ?? '');
  answers.delete('end');
  return answers;
}

/** What a simulation would do (apt-get(8), "--simulate"). */
export interface Simulated {
  /** `NAME VERSION` of what would be installed. */
  readonly installed: readonly string[];
  /** Names of what would be removed, or be there in another version. */
  readonly disturbed: readonly string[];
}

/** Parses `Inst name [old] (version origin [architecture])`, and `Remv name [old]`. */
export function parseSimulation(output: string): Simulated {
  const installed: string[] = [];
  const disturbed: string[] = [];
  for (const line of output.split('\n')) {
    const inst = /^Inst (\S+?)(?::\S+)? (\[\S+\] )?\((\S+)/.exec(line);
    if (inst !== null) {
      const [, name = '', old, version = ''] = inst;
      installed.push(`${name} ${version}`);
      if (old !== undefined) disturbed.push(name);
    }
    const removed = /^Remv (\S+)/.exec(line)?.[1];
    if (removed !== undefined) disturbed.push(removed);
  }
  return { installed, disturbed };
}

/**
 * Installs them, and removes the traces that mmdebstrap removes (its function run_cleanup). It runs in mount
 * and process namespaces of its own.
 */
export const ADD = `${CONFIGURE}
mount -t proc proc "$ROOT/proc"
mount --rbind /sys "$ROOT/sys"
mount --rbind /dev "$ROOT/dev"
printf '#!/bin/sh\\nexit 101\\n' > "$ROOT/usr/sbin/policy-rc.d"
chmod 755 "$ROOT/usr/sbin/policy-rc.d"
printf '%s\\n' "$MKMA_NEW" | xargs -d '\\n' ${PRINT_URIS} --download-only install > "$MKMA_LISTS.uris"
cd "$ROOT/var/cache/apt/archives"
${bringAndKeep(`cd /
printf '%s\\n' "$MKMA_NEW" | TMPDIR=/tmp xargs -d '\\n' apt-get -q -o APT::Status-Fd=1 -o Acquire::Retries=0 \\
  -o Dir::Bin::dpkg=env -o DPkg::Options::=--unset=APT_CONFIG -o DPkg::Options::=dpkg \\
  -o DPkg::Options::=--force-unsafe-io -o DPkg::Chroot-Directory="$ROOT" -o Dpkg::Use-Pty=false \\
  --yes install
cd "$ROOT/var/cache/apt/archives"`)}
rm -f ./*.deb
cd /
rm -f "$ROOT/usr/sbin/policy-rc.d" "$ROOT/var/log/dpkg.log" "$ROOT/var/log/alternatives.log" \\
  "$ROOT"/var/log/apt/* "$ROOT/var/cache/ldconfig/aux-cache" "$ROOT/var/lib/dbus/machine-id" \\
  "$ROOT"/var/cache/apt/*.bin
find "$ROOT/run" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} +
find "$ROOT/tmp" -mindepth 1 -delete
if [ -s "$ROOT/etc/machine-id" ]; then : > "$ROOT/etc/machine-id"; fi
chroot "$ROOT" dpkg-query -W -f '\${Package} \${Version} \${Architecture}\\n' > "$MKMA_ENTRY_LIST"`;
