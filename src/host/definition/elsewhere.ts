/** Software of presets that no Debian suite has: its sources, and how a definition uses them. Pure. */
import { basename } from 'node:path';
import { isDebFile, packageNameOf } from './package-names.js';

/** Fields with sources of software besides Debian. */
interface Offers {
  readonly repositories?: unknown;
  readonly packages?: unknown;
  readonly builds?: unknown;
}

/**
 * The source of software in a definition. `build`: an entry of builds has its name; `file`: so has a package
 * file; `named`: it is among the packages; `repository`: an additional repository may have it, which only apt
 * knows.
 */
export type Offer = 'build' | 'file' | 'named' | 'repository';

/** The source that a definition offers for this software, if any. */
export function offerOf(name: string, { repositories, packages, builds }: Offers): Offer | undefined {
  const entries = list(packages).filter((entry) => typeof entry === 'string');
  const isBuild = (build: unknown): boolean =>
    typeof build === 'object' && build !== null && 'name' in build && build.name === name;
  if (list(builds).some(isBuild)) return 'build';
  const file = new RegExp(`^${name}([._].*)?\\.deb$`);
  if (entries.some((entry) => isDebFile(entry) && file.test(basename(entry)))) return 'file';
  if (entries.some((entry) => packageNameOf(entry) === name)) return 'named';
  return Object.keys(repositories ?? {}).length > 0 ? 'repository' : undefined;
}

/** Fields are read before they are checked. */
function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const DANKLINUX = 'https://download.opensuse.org/repositories/home:/AvengeMedia:/danklinux/Debian_13/';

/** Lines that add the software to a definition. */
function waysTo(name: string): string {
  return `add a repository that has it:
  repositories: {
    danklinux: {
      uri: '${DANKLINUX}',
      suites: ['/'],
      key: {
        url: '${DANKLINUX}Release.key',
        fingerprint: '', // as published by the owner of the repository
      },
    },
  },
or a package file: packages: ['./${name}_VERSION_amd64.deb']
or a build with its name: builds: [{ name: '${name}', ... }] (docs/software.md)`;
}

/** How to add packages that no Debian suite has, by their names. */
export const ELSEWHERE: Readonly<Record<string, string>> = Object.fromEntries(
  ['niri', 'xwayland-satellite'].map((name) => [name, waysTo(name)]),
);
