/** The machines mkma brings along. */
import type { FragmentFields } from './define.js';
import { consoleTools, localRoot, network, networkTime, sshWithKeys, systemd } from './fragments.js';

export const PRESETS: Readonly<Record<string, FragmentFields>> = {
  /** A text console and nothing else: root is logged in on the local consoles, nothing listens on a network. */
  console: { extends: [systemd, consoleTools, localRoot] },
  /** A server: wired network by DHCP, ssh with keys alone. Nobody is logged in by itself. */
  server: { extends: [systemd, consoleTools, network, networkTime, sshWithKeys] },
};

export const DEFAULT_PRESET = 'console';
