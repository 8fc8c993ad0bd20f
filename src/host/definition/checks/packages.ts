/**
 * Checks of sources of software: repositories, package files, and the files of this host that builds and
 * kernels use.
 */
import { type Fault, fault, type Naming } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import type { Path } from '../merge.js';
import { isDebFile } from '../package-names.js';
import { present } from './present.js';

type Repository = MachineConfig['repositories'][string];

/** A flat repository has no components, any other one has some (sources.list(5)). */
function flat(name: string, { suites, components }: Pick<Repository, 'suites' | 'components'>): Fault[] {
  const at = ['repositories', name, 'components'];
  const [flats, others] = [true, false].map((is) => suites.filter((suite) => suite.endsWith('/') === is));
  const [first] = flats ?? [];
  if (first !== undefined && components.length > 0) {
    const what = (named: Naming) => `${named(at)}: the suite "${first}" is flat and has no components`;
    const next = 'remove the components, or name a suite that does not end in /';
    return [fault('repository-components', at, what, next)];
  }
  if (components.length > 0 || (others ?? []).length === 0) return [];
  const what = (named: Naming) => `${named(at)} is missing: the suite "${others?.[0]}" is not flat`;
  const next = `name them, as in components: ['main']; the suite of a flat repository ends in /`;
  return [fault('repository-components', ['repositories', name], what, next)];
}

export function checkPackages(machine: MachineConfig): Fault[] {
  const debs = (list: readonly string[], path: Path) =>
    list.flatMap((entry, i) => (isDebFile(entry) ? present([...path, i], entry, 'file') : []));
  const { repositories, builds, kernel } = machine;
  return [
    ...Object.entries(repositories).flatMap(([name, { key, ...rest }]) => [
      ...flat(name, rest),
      ...(typeof key !== 'string' || key.includes('\n')
        ? []
        : present(['repositories', name, 'key'], key, 'file')),
    ]),
    ...debs(machine.packages, ['packages']),
    ...builds.flatMap(({ packages: own, sources }, i) => [
      ...debs(own, ['builds', i, 'packages']),
      ...Object.entries(sources).flatMap(([name, file]) =>
        typeof file === 'string' ? present(['builds', i, 'sources', name], file, 'any') : [],
      ),
    ]),
    ...(kernel.from === 'path'
      ? [
          ...present(['kernel', 'image'], kernel.image, 'file'),
          ...present(['kernel', 'modules'], kernel.modules, 'folder'),
        ]
      : []),
  ];
}
