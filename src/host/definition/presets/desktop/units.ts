/** Units of the session: those of the desktop itself, and additions to those of packages. Pure. */
import type { MachineInput } from '../../machine.js';
import { BACKGROUND } from './look.js';
import type { DesktopOptions } from './options.js';
import type { Part, Programs } from './parts.js';
import { backgroundFile, HERE, type SessionUnit } from './session.js';

type Files = NonNullable<MachineInput['files']>;

/** Units of the session, one for each part that runs as long as it does. */
export function unitsOf(options: DesktopOptions, programs: Programs): SessionUnit[] {
  const { theme, compositor } = options;
  const background = BACKGROUND[theme];
  /** Arguments are for known programs; others have their own. */
  const unit = (
    part: Part,
    name: string,
    what: string,
    args = '',
    more: Partial<SessionUnit> = {},
  ): SessionUnit[] => {
    const program = programs[part];
    if (program === undefined || program.ownUnit === true) return [];
    const known = typeof options[part] === 'string';
    const command = known ? `${program.command}${args}` : inShell(program.command);
    // Another program does not notify systemd when it is ready.
    const service = more.service?.filter((line) => known || !/^(Type|NotifyAccess)=/.test(line)) ?? [];
    return [{ name: `desktop-${name}`, what, command, ...more, service }];
  };
  const own = (name: string, what: string, when: boolean): SessionUnit[] =>
    when ? [{ name: `desktop-${name}`, what, command: `${HERE}/${name}` }] : [];
  const shows = programs.notifications !== undefined;
  return [
    ...unit('bar', 'bar', 'Bar'),
    ...unit('notifications', 'notifications', 'Notifications'),
    ...own(
      'outputs',
      'Shows notifications again after the screen was off',
      compositor === 'sway' && options.notifications === 'mako',
    ),
    ...unit('wallpaper', 'wallpaper', 'Wallpaper', ` ${backgroundFile(theme)}`),
    ...own('guard', 'Low memory warning', shows),
    ...unit('clipboard', 'clipboard', 'Clipboard history'),
    ...unit('polkitAgent', 'polkit', 'polkit agent'),
    ...unit('idle', 'idle', 'Idle manager', IDLE),
    ...(programs.lock !== undefined && options.idle !== 'swayidle'
      ? [
          {
            name: 'desktop-sleep',
            what: 'Screen lock before sleep',
            command: `swayidle -w${ON_LOCK}`,
          },
        ]
      : []),
    ...(options.login === 'greeter' && options.keyring === 'gnome' ? [KEYRING] : []),
    ...unit('lock', 'lock', 'Screen locker', ` --color ${background.slice(1)}`, LOCK),
  ];
}

/**
 * The secret service starts once the greeter's password has opened the keyring: a daemon that runs earlier
 * does not know the keyring that the first login creates (gnome-keyring 48).
 */
const KEYRING: SessionUnit = {
  name: 'desktop-keyring',
  what: 'Keyring for programs',
  command: '/usr/bin/gnome-keyring-daemon --start --components=secrets',
  service: ['Type=oneshot', 'RemainAfterExit=yes'],
};

/** Commands of swayidle(1) for logind's lock and sleep. */
const ON_LOCK = ` lock ${HERE}/lock before-sleep ${HERE}/lock`;

/**
 * A shell command as a command line of systemd.service(5), without its quotes, specifiers and variables
 * taking effect.
 */
function inShell(words: string): string {
  const quoted = words
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return `/bin/sh -c "${quoted}"`;
}

/** swayidle(1): locks the screen after ten minutes, and turns it off half a minute later. */
const IDLE = [
  ` timeout 600 ${HERE}/lock timeout 630 '${HERE}/screen off' resume '${HERE}/screen on'`,
  ON_LOCK,
].join('');

/** A locker that dies leaves the screen locked, which only another one can unlock. */
const LOCK: Partial<SessionUnit> = {
  start: ['StartLimitIntervalSec=0'],
  service: ['Type=notify', 'NotifyAccess=all', 'RestartForceExitStatus=SIGTERM SIGINT SIGHUP'],
  wanted: false,
};

/**
 * foot(1) without its server: its units cannot be started, and no launcher shows entries that require them.
 */
export function footAlone(): Files {
  const units = ['foot-server.service', 'foot-server.socket'];
  const entries = ['foot-server.desktop', 'footclient.desktop'];
  return {
    ...Object.fromEntries(units.map((unit) => [`/etc/systemd/user/${unit}`, { link: '/dev/null' }])),
    // Desktop Entry Specification: as if the file were not there.
    ...Object.fromEntries(
      entries.map((entry) => [
        `/usr/local/share/applications/${entry}`,
        '[Desktop Entry]\nType=Application\nName=foot\nHidden=true\n',
      ]),
    ),
  };
}

/** Additions to units of packages. */
export function packagesUnits({ bar, notifications, portals, login, keyring }: DesktopOptions): Files {
  const dropIn = (unit: string, text: string): Files => ({
    [`/etc/systemd/user/${unit}.service.d/10-mkma-desktop.conf`]: text,
  });
  return {
    // The first program that asks the portals waits until they run, and waybar gives up after 25 s: they
    // start before it.
    ...(portals
      ? {
          '/usr/lib/systemd/user/graphical-session.target.wants/xdg-desktop-portal.service': {
            link: '../xdg-desktop-portal.service',
          },
          // Its back ends start after the target, so the target must not wait for it.
          ...dropIn('xdg-desktop-portal', '[Unit]\nAfter=graphical-session.target\n'),
        }
      : {}),
    ...(portals && bar === 'waybar' ? dropIn('waybar', '[Unit]\nAfter=xdg-desktop-portal.service\n') : {}),
    ...(login === 'greeter' && keyring === 'gnome'
      ? dropIn(
          'gnome-keyring-daemon',
          '[Service]\nExecStart=\nExecStart=/usr/bin/gnome-keyring-daemon --foreground --components=pkcs11 --control-directory=%t/keyring\n',
        )
      : {}),
    ...(notifications === 'mako' ? dropIn('mako', '[Service]\nRestart=on-failure\nRestartSec=1\n') : {}),
  };
}
