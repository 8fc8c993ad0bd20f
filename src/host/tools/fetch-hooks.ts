/** Shell commands that mmdebstrap(1) runs around fetching: $1 is the tree. Pure. */
import type { BootstrapRequest } from './bootstrap-request.js';

// One command a line, in all of them: in a list with && a failure would not end the script.

/**
 * How this host reaches mirrors, for every apt of this bootstrap. mmdebstrap removes the file that this is
 * appended to.
 */
export const REACH = `set -e
printf '#include "%s";\\n' "$MKMA_REACH" >> "$MMDEBSTRAP_APT_CONFIG"`;

/**
 * Stores downloads where the next build finds them. New packages are copied to a temporary name and renamed,
 * since two builds may share the folder, and flushed before, since apt accepts files there by size. apt put
 * them here after verifying their digests.
 */
export const KEEP_DEBS = `set -e
for deb in "$1"/var/cache/apt/archives/*.deb; do
  kept=$MKMA_DEBS/\${deb##*/}
  if [ "$deb" -ef "$kept" ] || [ ! -e "$deb" ]; then continue; fi
  new=$(mktemp "$MKMA_DEBS/.new-XXXXXXXX")
  cp "$deb" "$new"
  sync "$new"
  mv "$new" "$kept"
done`;

/**
 * Fetches lists and packages before mmdebstrap does, which then finds them: after a failure, what has arrived
 * is kept for the next try. mkma itself retries (Acquire::Retries=0), and reports it. If the packages
 * conflict, mmdebstrap is the one to fail.
 */
export const FETCH = `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
cp -a "$MKMA_LISTS/." "$1/var/lib/apt/lists"
code=0
apt-get -q -o Acquire::Retries=0 update --error-on=any || code=$?
cp -a "$1/var/lib/apt/lists/." "$MKMA_LISTS"
if [ $code != 0 ]; then exit 1; fi
if [ -z "$MKMA_WANTED" ]; then exit 0; fi
log=$MKMA_LISTS.log
printf '%s\\n' "$MKMA_WANTED" | xargs -d '\\n' apt-get -q -o Acquire::Retries=0 --yes --download-only install 2>&1 | tee "$log"
${KEEP_DEBS}
if grep -q '^E: Failed to fetch' "$log"; then exit 1; fi`;

/**
 * The packages that {@link FETCH} requests: about those of mmdebstrap (its functions run_download and
 * run_install).
 */
export function wantedPackages({
  suite,
  architecture,
  variant,
  packages,
  debFiles = [],
}: BootstrapRequest): string[] {
  const own = `?narrow(?or(?archive(^${suite}$),?codename(^${suite}$)),?architecture(${architecture}),`;
  const base = variant === 'minbase' ? [`${own}?or(?essential,?priority(required)))`, 'apt'] : [];
  return [...base, ...packages, ...debFiles];
}
