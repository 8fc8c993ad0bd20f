/** Shell commands that mmdebstrap(1) runs around fetching: $1 is the tree. Pure. */
import type { BootstrapRequest } from './bootstrap-request.js';

// One command a line, in all of them: in a list with && a failure would not end the script.

/**
 * How this host reaches mirrors, for every apt of this bootstrap. mmdebstrap removes the file that this is
 * appended to.
 */
export const REACH = `set -e
printf '#include "%s";\\n' "$MKMA_REACH" >> "$MMDEBSTRAP_APT_CONFIG"`;

/** The beginning of lines that name a kept package whose content is not what the lists say. */
const DAMAGED = 'mkma: damaged: ';

/** Names of damaged packages in the output. */
export function damagedIn(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith(DAMAGED)).map((line) => line.slice(DAMAGED.length));
}

/** apt-get(8) prints what it would download, with digests that sha256sum(1) computes. */
export const PRINT_URIS = 'apt-get -qq -o Acquire::ForceHash=SHA256 --yes --print-uris';

/**
 * Links kept packages into the current folder: those that {@link PRINT_URIS} listed in `$MKMA_LISTS.uris`
 * whose digest is right, since apt accepts files there by size. They count as used now; damaged ones are
 * removed.
 */
const BRING = `sed -n "s/^'[^']*' \\([^ ]*\\) [0-9]* SHA256:\\([0-9a-f]*\\)\\$/\\2 \\1/p" "$MKMA_LISTS.uris" |
  while read -r sum name; do
    if [ -f "$MKMA_DEBS/$name" ]; then printf '%s  %s\\n' "$sum" "$MKMA_DEBS/$name"; fi
  done | { sha256sum --check 2>/dev/null || true; } |
  while IFS= read -r line; do
    kept=\${line%: *}
    case $line in
    *': OK')
      touch -c "$kept"
      # Another user's file is copied: its owner may change it, and a plain user cannot link it (proc(5),
      # protected_hardlinks).
      if [ -O "$kept" ]; then cp --link --force "$kept" . 2>/dev/null || true; else cp "$kept" . || true; fi
      ;;
    *': FAILED')
      printf '${DAMAGED}%s\\n' "\${kept##*/}"
      rm -f "$kept"
      ;;
    esac
  done`;

/**
 * Stores the packages of a folder where the next build finds them. New ones are copied to a temporary name
 * and renamed, since two builds may share the folder, and flushed before. apt put them here after verifying
 * their digests.
 */
function keep(folder: string): string {
  return `for deb in ${folder}/*.deb; do
  kept=$MKMA_DEBS/\${deb##*/}
  if [ "$deb" -ef "$kept" ] || [ ! -e "$deb" ]; then continue; fi
  if cmp -s "$deb" "$kept"; then continue; fi
  new=$(mktemp "$MKMA_DEBS/.new-XXXXXXXX")
  cp "$deb" "$new"
  chown --reference="$MKMA_DEBS" "$new"
  sync "$new"
  mv "$new" "$kept"
done`;
}

/**
 * Brings kept packages to the current folder, which {@link PRINT_URIS} listed; `work` is done with them, and
 * ends there again; then new ones are kept.
 */
export function bringAndKeep(work: string): string {
  return `${BRING}
${work}
${keep('.')}`;
}

/** Stores downloads where the next build finds them. */
export const KEEP_DEBS = `set -e
${keep('"$1"/var/cache/apt/archives')}`;

/**
 * Downloads the packages of the shell's words `names` into the current folder, kept ones without asking a
 * mirror.
 */
export function download(names: string): string {
  return `${PRINT_URIS} download ${names} > "$MKMA_LISTS.uris"
${BRING}
sed -n "s/^'[^']*' \\([^ ]*\\) .*/\\1/p" "$MKMA_LISTS.uris" > "$MKMA_LISTS.names"
# apt would write into a linked file.
if ! xargs ls < "$MKMA_LISTS.names" >/dev/null 2>&1; then
  rm -f ./*.deb
  apt-get -q download ${names}
fi
${keep('.')}`;
}

/**
 * Fetches lists, and keeps them for the next try. Lists are linked: apt replaces them, and never writes into
 * one. Differences between lists (PDiffs) would be many small files instead of one.
 */
export const UPDATE = `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
cp -al "$MKMA_LISTS/." "$1/var/lib/apt/lists"
code=0
apt-get -q -o Acquire::Retries=0 -o Acquire::PDiffs=false update --error-on=any || code=$?
find "$MKMA_LISTS" -mindepth 1 -delete
cp -al "$1/var/lib/apt/lists/." "$MKMA_LISTS"
if [ $code != 0 ]; then exit 1; fi`;

/**
 * Fetches lists and packages before mmdebstrap does, which then finds them: after a failure, what has arrived
 * is kept for the next try. mkma itself retries (Acquire::Retries=0), and reports it. If the packages
 * conflict, mmdebstrap is the one to fail.
 */
export const FETCH = `${UPDATE}
if [ -z "$MKMA_WANTED" ]; then exit 0; fi
log=$MKMA_LISTS.log
printf '%s\\n' "$MKMA_WANTED" | xargs -d '\\n' ${PRINT_URIS} --download-only install > "$MKMA_LISTS.uris" 2>/dev/null || true
mkdir -p "$1/var/cache/apt/archives"
cd "$1/var/cache/apt/archives"
${BRING}
cd /
printf '%s\\n' "$MKMA_WANTED" | xargs -d '\\n' apt-get -q -o APT::Status-Fd=1 -o Acquire::Retries=0 --yes --download-only install 2>&1 | tee "$log"
${KEEP_DEBS}
if grep -q '^E: Failed to fetch' "$log"; then exit 1; fi`;

/** The last hook of a look at what is kept: everything that was asked for is. */
export const SURVEYED = `echo 'mkma: surveyed'
exit 1`;

/** Whether a look at what is kept found everything. */
export function isSurveyed(lines: readonly string[]): boolean {
  return lines.includes('mkma: surveyed');
}

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
