/** The machines mkma brings along. */
import type { Problem } from '../../../core/result.js';
import { didYouMean } from '../issues.js';
import { desktop } from './desktop/desktop.js';
import { consoleTools, localRoot, network, networkTime, sshWithKeys, systemd } from './fragments.js';
import { type Preset, plainPreset } from './preset.js';

export const PRESETS: Readonly<Record<string, Preset>> = {
  console: plainPreset(
    'a text console: root is logged in on the local consoles, nothing listens on a network',
    {
      extends: [systemd, consoleTools, localRoot],
    },
  ),
  server: plainPreset('a server: wired network by DHCP, ssh with keys alone, nobody is logged in by itself', {
    extends: [systemd, consoleTools, network, networkTime, sshWithKeys],
  }),
  desktop,
};

export const DEFAULT_PRESET = 'console';

/** The preset of a name; `undefined`: there is none. */
export function findPreset(name: string): Preset | undefined {
  return Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
}

/** What is said of a preset that is not there; `where` names it. */
export function noSuchPreset(name: string, where: string): Problem {
  const names = Object.keys(PRESETS);
  return {
    kind: 'usage',
    code: 'no-such-preset',
    what: `there is no preset "${name}"`,
    where,
    next: `${didYouMean(name, names)}the presets are: ${names.join(', ')}`,
  };
}
