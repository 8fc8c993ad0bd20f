/**
 * niri: its source, since no Debian suite has it, and its configuration (niri's
 * docs/wiki/Configuration:-*.md, 25.08 to 26.04). It has units and a session of its own. Pure.
 */
import { ELSEWHERE, offerOf } from '../../elsewhere.js';
import type { Fault } from '../../fault.js';
import type { MachineConfig, MachineInput } from '../../machine.js';
import { KEY_PROGRAM, type Key } from './keys.js';
import type { DesktopOptions } from './options.js';

type Files = NonNullable<MachineInput['files']>;

/** Runs X11 programs in niri, which has no Xwayland of its own and starts this by itself. */
const SATELLITE = 'xwayland-satellite';

/** Packages that the definition must provide: niri, and xwayland-satellite for X11 programs. */
function neededBy({ xwayland }: Pick<DesktopOptions, 'xwayland'>): [name: string, option: string][] {
  return [['niri', 'compositor'], ...(xwayland ? [[SATELLITE, 'xwayland'] as [string, string]] : [])];
}

/**
 * Packages to install from a repository of the definition; those that it builds, has as a file or names are
 * not added.
 */
export function niriPackages(options: DesktopOptions, machine: MachineInput): string[] {
  return neededBy(options)
    .map(([name]) => name)
    .filter((name) => offerOf(name, machine) === 'repository');
}

/** Packages that the definition does not provide, by the option that requires them. */
export function niriFaults(options: DesktopOptions, machine: MachineConfig): Fault[] {
  return neededBy(options)
    .filter(([name]) => offerOf(name, machine) === undefined)
    .map(([name, option]) => ({
      ...{ path: [option], code: 'desktop-not-in-debian' },
      what: `${option} requires ${name}, which no Debian suite has and the definition does not provide`,
      next: ELSEWHERE[name] ?? '',
    }));
}

/** Its configuration, and additions to its unit. */
export function niriFiles(keys: readonly Key[]): Files {
  return {
    '/etc/niri/config.kdl': niriConfig(keys),
    // Like mkma's own units of compositors: when memory runs out, programs end before the compositor.
    '/etc/systemd/user/niri.service.d/10-mkma-desktop.conf':
      '[Service]\nSlice=session.slice\nTimeoutStartSec=120\nTimeoutStopSec=15\nOOMPolicy=continue\nManagedOOMPreference=avoid\n',
  };
}

/** What each direction moves: a column, or a window in it. */
const DIRECTIONS = [
  ['Left', 'column-left'],
  ['Down', 'window-down'],
  ['Up', 'window-up'],
  ['Right', 'column-right'],
] as const;

/** Keys that repeat while held down. */
const REPEATED = /^(volume|brightness)-/;

/** The text of /etc/niri/config.kdl, which niri reads if the user has none (Configuration:-Introduction). */
export function niriConfig(keys: readonly Key[]): string {
  const line = (chord: string, action: string, ...properties: string[]): string =>
    `    ${[chord, ...properties].join(' ')} { ${action}; }`;
  const bind = ({ held, key, action, locked, what }: Key): string =>
    line(
      [...held.map((one) => (one === 'super' ? 'Mod' : 'Shift')), key].join('+'),
      `spawn ${quoted(KEY_PROGRAM)} ${quoted(action)}`,
      ...(REPEATED.test(action) ? [] : ['repeat=false']),
      ...(locked === true ? ['allow-when-locked=true'] : []),
      `hotkey-overlay-title=${quoted(what)}`,
    );
  const windows = [
    line('Mod+q', 'close-window', 'repeat=false'),
    line('Mod+f', 'fullscreen-window'),
    line('Mod+t', 'toggle-column-tabbed-display'),
    line('Mod+Shift+space', 'toggle-window-floating'),
    line('Mod+space', 'switch-focus-between-floating-and-tiling'),
    line('Mod+Shift+q', `spawn ${quoted('/usr/lib/mkma-desktop/logout')}`),
    ...DIRECTIONS.flatMap(([key, what]) => [
      line(`Mod+${key}`, `focus-${what}`),
      line(`Mod+Shift+${key}`, `move-${what}`),
    ]),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((n) => [
      line(`Mod+${n}`, `focus-workspace ${n}`),
      line(`Mod+Shift+${n}`, `move-column-to-workspace ${n}`),
    ]),
  ];
  const own = [
    line('Mod+Page_Down', 'focus-workspace-down'),
    line('Mod+Page_Up', 'focus-workspace-up'),
    line('Mod+Shift+Page_Down', 'move-column-to-workspace-down'),
    line('Mod+Shift+Page_Up', 'move-column-to-workspace-up'),
    line('Mod+comma', 'consume-window-into-column'),
    line('Mod+period', 'expel-window-from-column'),
    line('Mod+r', 'switch-preset-column-width'),
    line('Mod+minus', 'set-column-width "-10%"'),
    line('Mod+equal', 'set-column-width "+10%"'),
    line('Mod+o', 'toggle-overview', 'repeat=false'),
    line('Mod+Shift+Slash', 'show-hotkey-overlay'),
  ];
  return `// The desktop's configuration of niri. A copy in ~/.config/niri/config.kdl replaces it.
input {
    keyboard {
        // Empty: niri asks systemd-localed(8) for the machine's layout.
        xkb {
        }
    }
    touchpad {
        tap
        dwt
        natural-scroll
    }
}

cursor {
    xcursor-theme "Adwaita"
    xcursor-size 24
}

layout {
    gaps 4
    focus-ring {
        width 2
    }
}

prefer-no-csd

hotkey-overlay {
    skip-at-startup
}

binds {
    // Keys that are the same in every compositor.
${keys.map(bind).join('\n')}

    // Windows.
${windows.join('\n')}

    // Keys of niri only: workspaces in a column, columns, the overview, the list of keys.
${own.join('\n')}
}
`;
}

/** A string of KDL. None here contains a backslash or a quotation mark. */
function quoted(text: string): string {
  return `"${text}"`;
}
