/** How dkms(8) is run in a tree, and what its failures mean. Pure. */

import type { Problem } from '../../core/result.js';
import { NO_SPACE } from '../sys/no-space.js';

/** Marks the failure for {@link dkmsFailure}. */
const FAILED = 'mkma-dkms-failed';

/**
 * Builds what is not built yet, for the kernel of release $1, and registers unregistered sources below
 * /usr/src: their packages were kept from it. Succeeds without dkms, and without headers.
 */
export const DKMS_SCRIPT = `set -e
command -v dkms >/dev/null || exit 0
for conf in /usr/src/*/dkms.conf; do
  [ -e "$conf" ] || continue
  folder=\${conf%/dkms.conf}
  known=
  for source in /var/lib/dkms/*/*/source; do
    if [ "$(readlink -f "$source")" = "$folder" ]; then known=yes; fi
  done
  if [ -z "$known" ]; then dkms add "$folder"; fi
done
[ -d "/usr/lib/modules/$1/build/include" ] || exit 0
if dkms autoinstall -k "$1"; then exit 0; fi
for log in /var/lib/dkms/*/*/build/make.log; do
  [ -e "$log" ] || continue
  version=\${log%/build/make.log}
  echo "${FAILED} \${version#/var/lib/dkms/} $1"
  tail -n 12 "$log"
  break
done
exit 1`;

/** Why dkms failed, from the script's output; `undefined`: something else failed. */
export function dkmsFailure(output: string): Problem | undefined {
  const lines = output.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`${FAILED} `));
  const [, version, release] = lines[at]?.split(' ') ?? [];
  if (at < 0) return undefined;
  const log = lines.slice(at + 1, at + 13).filter((line) => !/^E: |^I: /.test(line));
  const words = log.join('\n');
  return {
    code: NO_SPACE.test(words) ? 'no-space' : 'dkms-build-failed',
    what: `dkms cannot build ${version}`,
    where: `kernel ${release}`,
    why: words,
    next: 'find a version that builds with this kernel, or remove it from packages',
  };
}
