/** What can be left out of a machine, and by which names dpkg knows it. */
import { PARTS, type Part } from '../definition/choices.js';

/** Parts that packages bring: left out by path. */
export type PackagedPart = Extract<Part, 'docs' | 'locales'>;

/** Patterns of paths as dpkg(1) has them for --path-exclude and --path-include: `*` stands for `/` as well; the last that matches decides. */
interface PathRule {
  readonly exclude: string;
  readonly include?: string;
}

/** The rules of each part. Those of `docs` have to come after those of `locales`: both concern manual pages. */
const RULES: Readonly<Record<PackagedPart, readonly PathRule[]>> = {
  locales: [
    { exclude: '/usr/share/locale/*', include: '/usr/share/locale/locale.alias' },
    // Translated manual pages.
    { exclude: '/usr/share/man/*', include: '/usr/share/man/man*' },
  ],
  docs: [
    // Licences stay: they are to come with every copy.
    { exclude: '/usr/share/doc/*', include: '/usr/share/doc/*/copyright' },
    { exclude: '/usr/share/man/*' },
    { exclude: '/usr/share/info/*' },
    { exclude: '/usr/share/help/*' },
    { exclude: '/usr/share/gtk-doc/*' },
  ],
};

/** Where dpkg reads them on the machine, so that what is installed there later is treated alike. */
export const DPKG_CONFIG = '/etc/dpkg/dpkg.cfg.d/mkma-left-out';

/** The configuration for dpkg; `undefined` where it has nothing to leave out. */
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

/** Which of the packaged parts a path (absolute) belongs to; one that belongs to both counts as documentation. */
export function partOf(path: string): PackagedPart | undefined {
  return packaged(PARTS)
    .reverse()
    .find((part) => excluded(path, RULES[part]));
}

/** Folders that hold all of the packaged parts. */
export const PACKAGED_FOLDERS: readonly string[] = [
  ...new Set(
    Object.values(RULES)
      .flat()
      .map(({ exclude }) => exclude.replace(/\/\*$/, '')),
  ),
].sort();

/** The packaged ones among the parts, in the order of their rules. */
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

/** fnmatch(3) without flags, of patterns that have no special characters but `*`. */
function matches(path: string, pattern: string): boolean {
  const literals = pattern.split('*').map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('.*')}$`, 's').test(path);
}
