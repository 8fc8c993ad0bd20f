/** The machines mkma brings along. */
import type { MachineInput } from './machine.js';

export type Preset = Omit<MachineInput, 'hostname'>;

/**
 * A text console and nothing else: root is logged in on the local consoles, its password is locked, nothing listens
 * on a network.
 */
const consolePreset: Preset = {
  packages: [
    'systemd-sysv',
    'dbus-broker',
    'libpam-systemd', // sessions for logind
    'login', // agetty hands over to it
    'kmod',
    'udev',
    'iproute2',
    'procps',
    'less',
    'nano',
  ],
};

export const PRESETS: Readonly<Record<string, Preset>> = { console: consolePreset };
export const DEFAULT_PRESET = 'console';
