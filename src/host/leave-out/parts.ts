/** What can be left out of a machine, and dpkg's names for it. */
import { PARTS, type Part } from '../definition/choices.js';

/** Parts of packages, left out by path. */
export type PackagedPart = Extract<Part, 'docs' | 'locales'>;

/**
 * Patterns of paths for dpkg(1)'s --path-exclude and --path-include: `*` matches `/` as well; the last match
 * wins.
 */
interface PathRule {
  readonly exclude: string;
  readonly include?: string;
}

/** The rules of each part. Those of `docs` must come after those of `locales`: both concern manual pages. */
const RULES: Readonly<Record<PackagedPart, readonly PathRule[]>> = {
  locales: [
    { exclude: '/usr/share/locale/*', include: '/usr/share/locale/locale.alias' },
    // Translated manual pages.
    { exclude: '/usr/share/man/*', include: '/usr/share/man/man*' },
  ],
  docs: [
    // Licences stay: every copy must include them.
    { exclude: '/usr/share/doc/*', include: '/usr/share/doc/*/copyright' },
    { exclude: '/usr/share/man/*' },
    { exclude: '/usr/share/info/*' },
    { exclude: '/usr/share/help/*' },
    { exclude: '/usr/share/gtk-doc/*' },
  ],
};

/** Where dpkg reads them on the machine, so that packages installed there later are treated the same. */
export const DPKG_CONFIG = '/etc/dpkg/dpkg.cfg.d/mkma-left-out';

/** The configuration for dpkg; `undefined` if nothing is left out. */
export function dpkgConfig(parts: readonly Part[]): string | undefined {
  const rules = packaged(parts).flatMap((part) => RULES[part]);
  if (rules.length === 0) return undefined;
  const lines = rules.flatMap(({ exclude, include }) => [
    `path-exclude=${exclude}`,
    ...(include === undefined ? [] : [`path-include=${include}`]),
  ]);
  return [
    '# Left out of this machine when it was built, and so of what is installed later.',
    ...lines,
    '',
  ].join('\n');
}

/** Which of the packaged parts a path (absolute) belongs to; if both, documentation. */
export function partOf(path: string): PackagedPart | undefined {
  return packaged(PARTS)
    .reverse()
    .find((part) => excluded(path, RULES[part]));
}

/** Folders that contain all of the packaged parts. */
export const PACKAGED_FOLDERS: readonly string[] = [
  ...new Set(
    Object.values(RULES)
      .flat()
      .map(({ exclude }) => exclude.replace(/\/\*$/, '')),
  ),
].sort();

/** The packaged parts among `parts`, in the order of their rules. */
function packaged(parts: readonly Part[]): PackagedPart[] {
  return (Object.keys(RULES) as PackagedPart[]).filter((part) => parts.includes(part));
}

function excluded(path: string, rules: readonly PathRule[]): boolean {
  let out = false;
  for (const { exclude, include } of rules) {
    if (matches(path, exclude)) out = true;
    if (include !== undefined && matches(path, include)) out = false;
  }
  return out;
}

/** fnmatch(3) without flags, for patterns whose only special character is `*`. */
function matches(path: string, pattern: string): boolean {
  const literals = pattern.split('*').map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('.*')}$`, 's').test(path);
}
