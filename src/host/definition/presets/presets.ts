/** The built-in presets, and the fragments that can be added to them. */
import type { Problem } from '../../../core/result.js';
import { nearestOf } from '../../../core/text/nearest.js';
import { didYouMean } from '../issues.js';
import { desktop } from './desktop/desktop.js';
import { consoleTools, localRoot, network, networkTime, sshWithKeys, systemd } from './fragments.js';
import { HARDWARE, isHardwareName } from './hardware/hardware.js';
import { type Preset, plainPreset } from './preset.js';

/** Whole machines, by name. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  console: plainPreset(
    'a text console: root is logged in on the local consoles, nothing listens on a network',
    {
      extends: [systemd, consoleTools, localRoot],
    },
  ),
  server: plainPreset(
    'a server: wired network with DHCP, ssh with keys only, no automatic login; host keys are new at each boot until mkma persist --identity',
    {
      extends: [systemd, consoleTools, network, networkTime, sshWithKeys],
    },
  ),
  desktop,
};

export const DEFAULT_PRESET = 'console';

/** All names for `extends`: presets and fragments. */
export const EXTENDABLE: Readonly<Record<string, Preset>> = { ...PRESETS, ...HARDWARE };

/** The preset or fragment of a name, if it exists. */
export function findPreset(name: string): Preset | undefined {
  return Object.hasOwn(EXTENDABLE, name) ? EXTENDABLE[name] : undefined;
}

/** Whether a preset of this name is a whole machine. */
export function isMachine(name: string): boolean {
  return Object.hasOwn(PRESETS, name);
}

/** The problem of an unknown preset at `where`. `names`: the valid ones. */
export function noSuchPreset(
  name: string,
  where: string,
  names: readonly string[] = Object.keys(EXTENDABLE),
): Problem {
  const near = nearestOf(name, names);
  return {
    kind: 'usage',
    code: 'no-such-preset',
    what: `no such preset: ${name}`,
    where,
    next: `${didYouMean(name, names)}the presets are: ${names.join(', ')}`,
    ...(near === undefined ? {} : { suggestion: near }),
  };
}

/** The problem of an option that does not name a preset; `where`: the option, as typed. */
export function notAMachine(name: string, where: string): Problem {
  if (!isHardwareName(name) || findPreset(name) === undefined)
    return noSuchPreset(name, where, Object.keys(PRESETS));
  return {
    kind: 'usage',
    code: 'preset-is-fragment',
    what: `${name} is a fragment, not a whole machine`,
    where,
    next: `add it to a definition: extends: ['${DEFAULT_PRESET}', '${name}']`,
  };
}
