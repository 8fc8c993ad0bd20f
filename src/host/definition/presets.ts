/** The machines mkma brings along. */
import type { Problem } from '../../core/result.js';
import type { FragmentFields } from './define.js';
import { consoleTools, localRoot, network, networkTime, sshWithKeys, systemd } from './fragments.js';
import { didYouMean } from './issues.js';

export const PRESETS: Readonly<Record<string, FragmentFields>> = {
  /** A text console and nothing else: root is logged in on the local consoles, nothing listens on a network. */
  console: { extends: [systemd, consoleTools, localRoot] },
  /** A server: wired network by DHCP, ssh with keys alone. Nobody is logged in by itself. */
  server: { extends: [systemd, consoleTools, network, networkTime, sshWithKeys] },
};

export const DEFAULT_PRESET = 'console';

/** What is said of a preset that is not there; `where` names it. */
export function noSuchPreset(name: string, where: string): Problem {
  const names = Object.keys(PRESETS);
  return {
    kind: 'usage',
    what: `there is no preset "${name}"`,
    where,
    next: `${didYouMean(name, names)}the presets are: ${names.join(', ')}`,
  };
}
