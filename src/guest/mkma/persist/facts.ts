/** The part of a layer's manifest that describes the machine it was made on. */

import { ask } from '../../ran.js';
import type { RunningSystem } from '../../system.js';
import { VERSION } from '../version.js';

/** The facts, named like the fields of the manifest. */
export function machineFacts(machine: RunningSystem) {
  const release = machine.readText('/etc/os-release') ?? '';
  const first = (argv: readonly string[]): string => ask(machine, argv).stdout.trim();
  return {
    name: (machine.readText('/proc/sys/kernel/hostname') ?? '').trim(),
    created: new Date(machine.now()).toISOString(),
    mkma: VERSION,
    suite: /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1] ?? '',
    architecture: first(['dpkg', '--print-architecture']),
    kernelRelease: (machine.readText('/proc/sys/kernel/osrelease') ?? '').trim(),
  };
}
