/** Container engines that only another package depends on: the definition has no store for them. */
import type { Problem } from '../../core/result.js';
import { ENGINES } from '../definition/containers/engines.js';
import { isTaken } from '../definition/containers/stores.js';
import type { MachineConfig } from '../definition/machine.js';
import { existsInTree } from './ids.js';

/** Warnings about engines in the tree at `root` whose stores would be on the overlay. */
export function unnamedEngines(root: string, machine: MachineConfig): Problem[] {
  return ENGINES.flatMap(({ packages, stores }) => {
    const name = packages.find((one) => existsInTree(root, `/var/lib/dpkg/info/${one}.list`));
    const store = Object.keys(stores).find((path) => !isTaken(path, machine));
    if (name === undefined || store === undefined) return [];
    return [
      {
        code: 'engine-without-store',
        what: `${name} cannot run containers`,
        where: store,
        why: `another package depends on ${name}, which the definition does not name: its store would be on the overlay`,
        next: `add "${name}" to packages, or give it a store: ramVolumes: { "${store}": ... }`,
      },
    ];
  });
}
