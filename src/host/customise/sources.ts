/**
 * Where packages come from: apt's sources, of the build and of the machine. Pure, except that it reads keys
 * through a parameter.
 */
import type { MachineConfig } from '../definition/machine.js';
import { DEBIAN_MIRRORS } from '../mirror/mirrors.js';
import type { KeyReader } from './repository-keys.js';

/** Component of non-free firmware packages. */
const FIRMWARE = 'non-free-firmware';

/** Components of Debian's archive that the machine is built from. */
export function componentsOf({
  components,
  firmware,
}: Pick<MachineConfig, 'components' | 'firmware'>): string[] {
  return [...new Set([...components, ...(firmware.length > 0 ? [FIRMWARE] : [])])];
}

/** A self-contained sources file (sources.list(5), deb822) for a repository, with its key inside. */
export function repositoryStanza(
  repository: Omit<MachineConfig['repositories'][string], 'key'>,
  key: string,
): string {
  const { uri, suites, components } = repository;
  const lines = key
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line}`));
  return [
    'Types: deb',
    `URIs: ${uri}`,
    `Suites: ${suites.join(' ')}`,
    ...(components.length === 0 ? [] : [`Components: ${components.join(' ')}`]),
    'Signed-By:',
    ...lines,
    '',
  ].join('\n');
}

/** Files of the machine that name its sources. */
export function sourceFiles(machine: MachineConfig, read: KeyReader): Record<string, string> {
  const kept = Object.entries(machine.repositories).filter(([, { inMachine }]) => inMachine);
  const own = kept.map(([name, repository]) => [
    `/etc/apt/sources.list.d/${name}.sources`,
    repositoryStanza(repository, read(repository.key)),
  ]);
  const excluded = excludedPreferences(machine.excludePackages);
  return {
    '/etc/apt/sources.list.d/debian.sources': debianSources(machine),
    ...Object.fromEntries(own),
    ...(excluded === undefined ? {} : { '/etc/apt/preferences.d/mkma-excluded': excluded }),
  };
}

/** apt_preferences(5) that exclude packages; `undefined`: none. */
export function excludedPreferences(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `Package: ${names.join(' ')}\nPin: release *\nPin-Priority: -1\n`;
}

function debianSources(machine: MachineConfig): string {
  const components = componentsOf(machine).join(' ');
  const key = '/usr/share/keyrings/debian-archive-keyring.pgp';
  const stanza = (uri: string, suites: string): string =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: ${components}\nSigned-By: ${key}\n`;
  const { suite, sources } = machine;
  const main = sources.mirror ?? DEBIAN_MIRRORS.main;
  if (suite === 'sid' || suite === 'unstable') return stanza(main, suite);
  const security = sources.security ?? DEBIAN_MIRRORS.security;
  return `${stanza(main, `${suite} ${suite}-updates`)}\n${stanza(security, `${suite}-security`)}`;
}
