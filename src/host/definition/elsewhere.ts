/** Software that no Debian suite has and presets know: who offers it, and how a definition takes it from there. Pure. */
import { basename } from 'node:path';
import { isDebFile, packageNameOf } from './package-names.js';

/** What a definition may have besides Debian, as far as it was said. */
interface Offers {
  readonly repositories?: unknown;
  readonly packages?: unknown;
  readonly builds?: unknown;
}

/**
 * Where a definition takes software from. `build`: one by its name makes it; `file`: a package file by its name is installed; `named`:
 * it is among the packages already; `repository`: one beside Debian may have it, which only apt will know.
 */
export type Offer = 'build' | 'file' | 'named' | 'repository';

/** How the definition comes by that software; `undefined`: not at all. */
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

/** Fields are looked at before they are checked. */
function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const DANKLINUX = 'https://download.opensuse.org/repositories/home:/AvengeMedia:/danklinux/Debian_13/';

/** Lines to paste into a definition, by which it has that software. */
function waysTo(name: string): string {
  return `it comes from a repository:
  repositories: {
    danklinux: {
      uri: '${DANKLINUX}',
      suites: ['/'],
      key: {
        url: '${DANKLINUX}Release.key',
        fingerprint: '', // the one that its owner publishes
      },
    },
  },
from a package file: packages: ['./${name}_VERSION_amd64.deb']
or from a build by that name: builds: [{ name: '${name}', ... }] (docs/software.md)`;
}

/** What to do about packages that no Debian suite has, by their names. */
export const ELSEWHERE: Readonly<Record<string, string>> = Object.fromEntries(
  ['niri', 'xwayland-satellite'].map((name) => [name, waysTo(name)]),
);
