/**
 * The session's own files: programs as they are in presets/desktop/, settings, and units of the user's
 * manager. Pure.
 */
import { join } from 'node:path';
import { PACKAGE } from '../../../installed.js';
import type { MachineInput } from '../../machine.js';

type Files = NonNullable<MachineInput['files']>;

/** Their folder in the machine. */
export const HERE = '/usr/lib/mkma-desktop';

/** Whether a machine contains the preset desktop: its session has settings. */
export function isDesktop({ files }: MachineInput): boolean {
  return files !== undefined && `${HERE}/settings` in files;
}

export const SHIPPED = join(PACKAGE, 'presets/desktop');

const THEMES = ['dark', 'light'] as const;
const PROGRAMS = [
  ...['session', 'ready', 'run', 'key', 'kiosk', 'logout', 'lock', 'guard'],
  ...['clipboard', 'wallpaper', 'screen', 'outputs', 'locker'],
];

/** A picture of one colour, as the wallpaper. */
export const backgroundFile = (theme: 'dark' | 'light'): string => `${HERE}/${theme}.png`;

/** Programs of the session, and the pictures. */
export function sessionPrograms(): Files {
  const picture = (theme: 'dark' | 'light') => [
    backgroundFile(theme),
    { from: join(SHIPPED, `${theme}.png`) },
  ];
  const program = (name: string) => [`${HERE}/${name}`, { from: join(SHIPPED, name), mode: '0755' }];
  return Object.fromEntries([...PROGRAMS.map(program), ...THEMES.map(picture)]);
}

const unit = (name: string): string => join(SHIPPED, 'units', name);

/** The compositor as a unit of the user's manager; without a command it has its own. */
export function compositorUnit(command: string | undefined): Files {
  if (command === undefined) return {};
  return {
    '/usr/lib/systemd/user/desktop-session.service': { from: unit('desktop-session.service') },
    [`${HERE}/compositor`]: {
      content: `#!/bin/sh\n# The compositor, as a unit of the user's manager runs it.\nexec ${command}\n`,
      mode: '0755',
    },
  };
}

/** A unit of the system that opens the user's session on tty1: at boot, and again after each logout. */
export function loginUnit(user: string): Files {
  return {
    '/usr/lib/systemd/system/mkma-desktop.service': { from: unit('mkma-desktop.service'), values: { user } },
  };
}

/** A unit that starts and ends with the session. */
export interface SessionUnit {
  readonly name: string;
  readonly what: string;
  readonly command: string;
  /** Further lines of `[Unit]` and `[Service]`. */
  readonly start?: readonly string[];
  readonly service?: readonly string[];
  /** Whether it starts with the session, or only on request. */
  readonly wanted?: boolean;
}

/** The files of such units. */
export function sessionUnits(units: readonly SessionUnit[]): Files {
  return Object.fromEntries(
    units.flatMap(({ name, what, command, start = [], service = [], wanted = true }) => {
      const text = `[Unit]
Description=${what}
PartOf=graphical-session.target
After=graphical-session.target
ConditionEnvironment=WAYLAND_DISPLAY

${start.map((line) => `${line}\n`).join('')}
[Service]
Slice=session.slice
ExecStart=${/^\//.test(command) ? command : `/usr/bin/env ${command}`}
Restart=on-failure
RestartSec=1
${service.map((line) => `${line}\n`).join('')}`;
      const path = `/usr/lib/systemd/user/${name}.service`;
      const wants = `/usr/lib/systemd/user/graphical-session.target.wants/${name}.service`;
      return [[path, text], ...(wanted ? [[wants, { link: `../${name}.service` }]] : [])];
    }),
  );
}

/** A file that sh(1) reads: variables by name. */
export function settings(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(
    ([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`,
  );
  return `# What the desktop is made of. /etc/mkma-desktop.conf and ~/.config/mkma-desktop.conf override it.\n${lines.join('')}for file in /etc/mkma-desktop.conf "$HOME/.config/mkma-desktop.conf"; do\n  [ ! -f "$file" ] || . "$file"\ndone\n`;
}
