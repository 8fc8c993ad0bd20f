/** Shell commands by which mmdebstrap(1) asks apt what it would fetch, and apt's answers. Pure. */
import { shellQuote } from '../sys/command.js';
import { UPDATE } from './fetch-hooks.js';

/** Files of apt's answers, in the folder `MKMA_ENTRY`. */
export const ANSWERS = {
  /** Lines of `apt-get --print-uris`. */
  uris: 'uris',
  /** Entries of the lists. */
  shown: 'shown',
  /** Lines of `apt-cache madison`: where each version is. */
  madison: 'madison',
  /** Lines of `apt-get indextargets`. */
  targets: 'targets',
  /** Release files and their dates. */
  dates: 'dates',
} as const;

/** Sets `image` to the kernel's package that a package with this name is, or depends on. */
export function kernelImage(name: string): string {
  const meta = shellQuote(name);
  return `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
image=$(apt-cache depends ${meta} | sed -n 's/^ *Depends: \\(linux-image-[^ ]*\\)$/\\1/p' | head -n 1)
# A package with a kernel itself depends on none.
if [ -z "$image" ] && apt-cache show ${meta} >/dev/null 2>&1; then image=${meta}; fi
if [ -z "$image" ]; then echo "E: Unable to locate package ${meta}" >&2; exit 1; fi`;
}

/** Sets `parts` to packages that belong to the kernel's `image`. */
export const KERNEL_PARTS = `# Later kernels lie in packages that the one of this name depends on.
parts=$(apt-cache depends "$image" | sed -n "s/^ *Depends: \\(linux-[a-z]*-\${image#linux-image-}\\)$/\\1/p")`;

/** All packages in one go: what several steps install of these is complete too. */
export const RESOLVE = `${UPDATE}
: > "$MKMA_ENTRY/${ANSWERS.uris}"
if [ -z "$MKMA_WANTED" ]; then exit 0; fi
code=0
printf '%s\\n' "$MKMA_WANTED" | xargs -d '\\n' apt-get -q --yes --print-uris install > "$MKMA_ENTRY/${ANSWERS.uris}" || code=$?
if [ $code != 0 ]; then cat "$MKMA_ENTRY/${ANSWERS.uris}"; exit 1; fi`;

/** The kernel's packages, with the one that names it. */
export function resolveKernel(name: string): string {
  return `${kernelImage(name)}
${KERNEL_PARTS}
# shellcheck disable=SC2086 # one word a package
apt-get -q --print-uris download ${shellQuote(name)} "$image" $parts >> "$MKMA_ENTRY/${ANSWERS.uris}"`;
}

/** What the lists say of these packages. */
export const DESCRIBE = `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
cd "$MKMA_ENTRY"
sed -n "s/^'[^']*' \\([^_ ]*\\)_\\([^_ ]*\\)_\\([^_ ]*\\)\\.deb .*/\\1:\\3=\\2/p" ${ANSWERS.uris} |
  sed 's/%3a/:/g; s/:all=/=/' | sort -u > exact
sed 's/[:=].*//' exact | sort -u > names
xargs -a exact apt-cache show > ${ANSWERS.shown}
xargs -a names apt-cache madison > ${ANSWERS.madison}
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(SUITE) $(FILENAME)' 'Created-By: Packages' > ${ANSWERS.targets}
for file in "$1"/var/lib/apt/lists/*Release; do
  printf '%s %s\\n' "$file" "$(sed -n 's/^Date: *//p' "$file" | head -n 1)"
done > ${ANSWERS.dates}`;

/** A package that apt would fetch. */
export interface ResolvedPackage {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  readonly url: string;
  readonly size: number;
  readonly sha256: string;
  readonly required: boolean;
  /** Suites that have this version, with the addresses of their archives. */
  readonly suites: readonly { readonly archive: string; readonly suite: string }[];
}

/** A suite, as apt has verified it. */
export interface ResolvedSuite {
  /** The archive's address. */
  readonly archive: string;
  readonly suite: string;
  readonly codename: string;
  /** Its field Suite. */
  readonly name: string;
  /** ISO 8601. */
  readonly date: string;
}

/** The packages of the answers. Throws if apt answers in another form. */
export function parseResolved(uris: string, shown: string, madison: string): ResolvedPackage[] {
  const entries = new Map(
    shown.split('\n\n').map((stanza) => {
      const key = ['Package', 'Version', 'Architecture'].map((name) => field(stanza, name)).join(' ');
      const required = field(stanza, 'Priority') === 'required';
      return [key, { sha256: field(stanza, 'SHA256'), required }] as const;
    }),
  );
  const places = new Map<string, { archive: string; suite: string }[]>();
  for (const line of madison.split('\n')) {
    // "libc6 | 2.41-12 | http://HOST/debian trixie/main amd64 Packages"
    const match = /^\s*(\S+) \|\s*(\S+) \| (\S+) (\S+?)(?:\/[^/ ]+)? +\S+ Packages$/.exec(line);
    const flat = match ?? /^\s*(\S+) \|\s*(\S+) \| (\S+) (\S+) +Packages$/.exec(line);
    if (flat === null) continue;
    const [, name = '', version = '', archive = '', suite = ''] = flat;
    const key = `${name} ${version}`;
    places.set(key, [...(places.get(key) ?? []), { archive, suite }]);
  }
  return uris.split('\n').flatMap((line): ResolvedPackage[] => {
    const match = /^'([^']+)' ([^_ ]+)_([^_ ]+)_([^_ ]+)\.deb (\d+) /.exec(line);
    if (match === null) return [];
    const [, url = '', name = '', quoted = '', arch = '', size = ''] = match;
    const version = decodeURIComponent(quoted);
    const { sha256 = '', required = false } = entries.get(`${name} ${version} ${arch}`) ?? {};
    const suites = places.get(`${name} ${version}`) ?? [];
    return [{ name, version, arch, url, size: Number(size), sha256, required, suites }];
  });
}

function field(stanza: string, name: string): string {
  return new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1] ?? '';
}

/** The suites of the answers. */
export function parseSuites(targets: string, dates: string): ResolvedSuite[] {
  const releases = dates.split('\n').flatMap((line) => {
    const [, file = '', date = ''] = /^(\S+?)(?:In)?Release (.+)$/.exec(line) ?? [];
    return file === '' ? [] : [{ stem: file, at: Date.parse(date) }];
  });
  const found = new Map<string, ResolvedSuite>();
  for (const line of targets.split('\n')) {
    const [archive = '', suite = '', codename = '', name = '', file = ''] = line.split(' ');
    if (file === '') continue;
    const [own] = releases
      .filter(({ stem }) => file.startsWith(stem))
      .sort((a, b) => b.stem.length - a.stem.length);
    if (own === undefined || Number.isNaN(own.at)) continue;
    const date = new Date(own.at).toISOString().replace(/\.\d+/, '');
    const plain = archive.replace(/\/+$/, '');
    found.set(`${plain} ${suite}`, { archive: plain, suite, codename, name, date });
  }
  return [...found.values()];
}
