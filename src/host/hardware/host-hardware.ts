/** The hardware of the building machine, as the kernel names it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { moduleName } from '../kernel/modules.js';
import { askProgram } from '../sys/answer.js';
import { devicesOf } from './devices.js';
import { diskFiles } from './system-files.js';

export interface Hardware {
  /** The modaliases of all devices, each once, in byte order. */
  readonly modaliases: readonly string[];
  /** Names of the drivers loaded as modules, for whatever reason, in byte order. */
  readonly loaded: readonly string[];
}

/** The hardware of this machine. `system` is another root, for tests. */
export function lookAtHardware(system = '/'): Hardware {
  const files = diskFiles(system);
  const found = devicesOf(files).map(({ modalias }) => modalias);
  const loaded = files.text('proc/modules').split('\n');
  return {
    modaliases: [...new Set(found)].filter((alias) => alias !== '').sort(),
    loaded: loaded
      .map((line) => moduleName(line.split(' ')[0] ?? ''))
      // Others come and go with use: a mounted file system, a firewall's rules.
      .filter((name) => name !== '' && existsSync(join(system, 'sys/module', name, 'drivers')))
      .sort(),
  };
}

/** Identifies a machine's hardware: an input of the stages that select modules and firmware by it. */
export function hardwareDigest({ modaliases, loaded }: Hardware): string {
  return createHash('sha256')
    .update(JSON.stringify([modaliases, loaded]))
    .digest('hex')
    .slice(0, 20);
}

/** Modaliases passed to one modprobe: an argument list has a limit. */
const BATCH = 500;

/**
 * Names of the modules that a kernel has for the hardware, as the tree's own modprobe(8) resolves them, and
 * of those loaded here. `root` is a tree with kmod, and with that kernel's modules and their index.
 */
export async function driversFor(
  { modaliases, loaded }: Hardware,
  root: string,
  release: string,
  signal?: AbortSignal,
): Promise<Result<string[]>> {
  const found = new Set<string>(loaded);
  for (let i = 0; i < modaliases.length; i += BATCH) {
    const aliases = modaliases.slice(i, i + BATCH);
    const options = ['--all', '--quiet', '--resolve-alias', '--set-version', release, '--'];
    // It fails if a single alias has no module, and most devices' drivers are built into the kernel.
    const resolved = await askProgram(
      { file: 'chroot', args: [root, 'modprobe', ...options, ...aliases] },
      [NOBODYS],
      { signal },
    );
    if (!resolved.ok) return resolved;
    for (const name of resolved.value.stdout.split('\n')) if (name !== '') found.add(moduleName(name));
  }
  return ok([...found].sort());
}

/** modprobe(8): an alias has no module. chroot(1)'s own codes are 125 and more. */
const NOBODYS = 1;
