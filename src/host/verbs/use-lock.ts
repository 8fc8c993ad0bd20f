/** The lock of a build: read, compared with the definition, and taken over by the build's settings. */
import { ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { lockPath, readLock } from '../lockfile/file.js';
import { epochOf, type Lockfile } from '../lockfile/schema.js';
import { requireFit, requireLockable } from '../steps/lock.js';
import type { BuildSettings } from '../steps/settings.js';

/**
 * The settings of a build with the lock beside its definition, if there is one. `unnamed`: the definition has
 * no hostname, so it is this host's.
 */
export async function withLock(
  settings: BuildSettings,
  unnamed: boolean,
  context: Context,
): Promise<Result<BuildSettings>> {
  const path = lockPath(settings.source.file);
  const read = readLock(path);
  if (!read.ok) return read;
  const lock = read.value;
  if (lock === undefined) return ok(settings);
  const lockable = requireLockable(settings);
  if (!lockable.ok) return lockable;
  const named = withHostname(settings, lock, unnamed);
  const fits = await requireFit(named, lock, path, context);
  if (!fits.ok) return fits;
  if (lock.mkma !== settings.version) {
    const text = `mkma ${lock.mkma} made the lock, this is mkma ${settings.version}: images may differ in what mkma itself writes`;
    context.emit({ type: 'note', text });
  }
  if (settings.refresh) {
    const text = 'the versions are those of mkma.lock: mkma lock --update asks the mirror for newer ones';
    context.emit({ type: 'note', text });
  }
  return ok({ ...named, lock, sourceDateEpoch: settings.sourceDateEpoch ?? epochOf(lock) });
}

/** A machine without a name of its own keeps the one that it was locked with. */
export function withHostname(settings: BuildSettings, lock: Lockfile, unnamed: boolean): BuildSettings {
  if (!unnamed) return settings;
  return { ...settings, machine: { ...settings.machine, hostname: lock.hostname } };
}

/** What other hosts may build differently in spite of a lock. */
export function hostDependence({ machine }: Pick<BuildSettings, 'machine'>): Problem[] {
  const hardware = machine.without.filter((part) => part === 'modules' || part === 'firmware');
  const found = [
    ...hardware.map((part) => `without: ${part} (depends on the devices of the building host)`),
    ...(machine.initramfs.modules === 'hardware'
      ? ['initramfs.modules: hardware (depends on the devices of the building host)']
      : []),
    ...machine.builds
      .filter(({ network }) => network)
      .map(({ name }) => `builds: ${name} (network: true, so it may fetch what the lock does not name)`),
  ];
  if (found.length === 0) return [];
  return [
    {
      code: 'lock-depends-on-host',
      what: 'the lock does not fix everything of this machine',
      why: found.join('\n'),
      next: 'remove these from the definition if other hosts have to build the same bytes',
    },
  ];
}
