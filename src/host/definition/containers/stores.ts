/**
 * What a container engine adds to a machine: packages, and RAM volumes for its stores. An overlay refuses an
 * upper directory on an overlay (kernel: overlayfs.rst), which `/` is; tmpfs works, for users since Linux
 * 6.6, which added `user.` attributes. Pure.
 */
import { isBelow, isWithin } from '../../../core/text/path.js';
import type { MachineConfig, MachineInput } from '../machine.js';
import { packageNameOf } from '../package-names.js';
import { ENGINES, type Engine } from './engines.js';

/** Fields that a package adds. */
export interface Consequence {
  /** The package, as the definition names it. */
  readonly because: string;
  readonly fields: Pick<MachineInput, 'packages' | 'ramVolumes'>;
}

type Volumes = NonNullable<MachineInput['ramVolumes']>;

/** Maximum size of a store, in percent of the RAM. The users' stores share the same amount. */
const PERCENT = 30;

/**
 * What the container engines of a machine add; a store belongs to the first engine that has it. The machine's
 * own values stay.
 */
export function containerConsequences(machine: MachineConfig): Consequence[] {
  const found: Consequence[] = [];
  const named = new Set(machine.packages.map(packageNameOf));
  const volumes = new Set<string>();
  for (const engine of ENGINES) {
    const because = askedBy(engine, machine);
    if (because === undefined) continue;
    const packages = engine.needs.filter(
      (name) => !named.has(name) && !machine.excludePackages.includes(name),
    );
    const ramVolumes = Object.fromEntries(
      Object.entries(volumesOf(engine, machine)).filter(
        ([path]) => !volumes.has(path) && !isTaken(path, machine),
      ),
    );
    for (const name of packages) named.add(name);
    for (const path of Object.keys(ramVolumes)) volumes.add(path);
    found.push({ because, fields: { packages, ramVolumes } });
  }
  return found;
}

/** The package of the machine that selects an engine, if any. */
function askedBy({ packages }: Engine, machine: MachineConfig): string | undefined {
  return machine.packages
    .map(packageNameOf)
    .find((name) => packages.includes(name) && !machine.excludePackages.includes(name));
}

function volumesOf({ stores, userStore }: Engine, machine: MachineConfig): Volumes {
  const system = Object.entries(stores).map(([path, mode]) => [path, { size: `${PERCENT}%`, mode }]);
  const owners = userStore === undefined ? [] : usersWithLogin(machine);
  const size = `${Math.max(1, Math.floor(PERCENT / owners.length))}%`;
  const own = owners.map(({ name, home }) => [`${home}/${userStore}`, { size, mode: '0700', owner: name }]);
  return Object.fromEntries([...system, ...own]);
}

/** Users of the definition that log in, except root, which uses the system's store. */
function usersWithLogin({ users }: MachineConfig): { name: string; home: string }[] {
  return Object.entries(users)
    .filter(
      ([name, { system, shell = '' }]) => name !== 'root' && !system && !/\/(nologin|false)$/.test(shell),
    )
    .map(([name, { home = `/home/${name}` }]) => ({ name, home }));
}

/**
 * Whether the definition itself decides what is at a path: a volume or disk at or above it, or files in it.
 */
export function isTaken(path: string, { ramVolumes, mounts, files }: MachineConfig): boolean {
  return (
    path in ramVolumes ||
    Object.entries(mounts).some(([point, said]) => said !== false && isWithin(path, point)) ||
    Object.entries(ramVolumes).some(([volume, said]) => said !== false && isBelow(path, volume)) ||
    Object.keys(files).some((file) => isBelow(file, path))
  );
}
