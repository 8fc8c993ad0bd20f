/** The preset `desktop`: a Wayland session of a person's own. Pure, but for the paths of what is shipped. */
import type { FragmentFields } from '../../define.js';
import type { MachineInput } from '../../machine.js';
import { consoleTools, networkTime, systemd } from '../fragments.js';
import { presetOf } from '../preset.js';
import { desktopFaults, loginFaults } from './faults.js';
import { greeterFields } from './greeter.js';
import { KEYS, type Key } from './keys.js';
import { labwcFiles } from './labwc.js';
import { BACKGROUND, barFiles, launcherFiles, mimeFiles, portalFiles, themeFiles } from './look.js';
import { niriFaults, niriFiles, niriPackages } from './niri.js';
import { completed, type DesktopOptions, desktopOptions } from './options.js';
import { owner } from './owner.js';
import { PARTS, type Part, type Program, programOf } from './parts.js';
import {
  compositorUnit,
  HERE,
  loginUnit,
  type SessionUnit,
  sessionPrograms,
  sessionUnits,
  settings,
} from './session.js';
import { swayConfig } from './sway.js';

export const desktop = presetOf(
  'a Wayland desktop: its user is logged in on tty1, nothing listens on a network',
  desktopOptions,
  (said) => {
    const options = completed(said);
    return {
      options,
      fields: fieldsOf(options),
      faults: desktopFaults(said),
      finish: (machine) => ({
        ...owner(options, machine),
        ...(options.compositor === 'niri' ? { packages: niriPackages(options, machine) } : {}),
      }),
      check: (machine) => loginFaults(options, machine),
      checkOptions: (machine) => (options.compositor === 'niri' ? niriFaults(options, machine) : []),
    };
  },
);

type Files = NonNullable<MachineInput['files']>;
type Programs = Readonly<Partial<Record<Part, Program>>>;

const FONTS = {
  latin: 'fonts-dejavu-core',
  symbols: 'fonts-font-awesome',
  emoji: 'fonts-noto-color-emoji',
  cjk: 'fonts-noto-cjk',
} as const;

/** What each compositor takes, and how it is called among desktops (XDG_CURRENT_DESKTOP). */
const COMPOSITORS = {
  sway: { packages: ['sway'], command: 'sway', names: 'sway:wlroots' },
  labwc: { packages: ['labwc'], command: 'labwc', names: 'labwc:wlroots' },
  cage: { packages: ['cage'], command: `cage -- ${HERE}/kiosk`, names: 'cage:wlroots' },
  // It has a unit of its own.
  niri: { packages: [], command: undefined, names: 'niri' },
} as const;

function fieldsOf(options: DesktopOptions): FragmentFields {
  const programs = programsOf(options);
  const browser = browserOf(options);
  const keys = keysOf(options, programs, browser);
  const { user, bluetooth } = options;
  return {
    extends: [
      systemd,
      consoleTools,
      networkTime,
      options.login === 'greeter' ? greeterFields(options) : automaticLogin(user),
    ],
    format: 'erofs',
    packages: packagesOf(options, programs, browser),
    users: { [user]: { password: options.password, groups: ['video', 'netdev'] } },
    files: {
      ...sessionPrograms(),
      ...sessionUnits(unitsOf(options, programs)),
      [`${HERE}/settings`]: settings(settingsOf(options, programs, browser)),
      ...compositorUnit(COMPOSITORS[options.compositor].command),
      ...compositorFiles(options, keys),
      ...(programs.bar === undefined ? {} : barFiles(options)),
      ...(options.launcher === 'fuzzel' ? launcherFiles(options) : {}),
      ...(options.portals ? portalFiles(options) : {}),
      ...themeFiles(options),
      // Programs that keys and launchers start are ended one by one where memory runs out, the session is not (systemd.slice(5)).
      '/etc/systemd/user/app.slice.d/10-mkma-desktop.conf':
        '[Slice]\nManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureLimit=60%\nManagedOOMSwap=kill\n',
      // A terminal is a process of its own: what runs in it is ended alone where memory runs out.
      ...(options.terminal === 'foot' ? masked('foot-server.service', 'foot-server.socket') : {}),
      ...mimeFiles(options),
    },
    hooks: [{ at: 'system', run: 'dconf update' }],
    services: {
      enable: ['NetworkManager', 'systemd-oomd', ...(bluetooth ? ['bluetooth'] : [])],
      // RAM that is written to a disk would be this machine's whole system, and its next boot starts from its images.
      mask: ['hibernate.target', 'hybrid-sleep.target', 'suspend-then-hibernate.target'],
    },
    zram: 50,
  };
}

/** Units of users' managers that cannot be started. */
function masked(...units: readonly string[]): Files {
  return Object.fromEntries(units.map((unit) => [`/etc/systemd/user/${unit}`, { link: '/dev/null' }]));
}

/** The user is logged in on tty1 at boot, and again after each logout. */
function automaticLogin(user: string): FragmentFields {
  return { files: loginUnit(user), services: { enable: ['mkma-desktop'] } };
}

function programsOf(options: DesktopOptions): Programs {
  return Object.fromEntries(
    PARTS.flatMap((part) => {
      const program = programOf(part, options[part]);
      return program === undefined ? [] : [[part, program]];
    }),
  );
}

function browserOf({ browser }: DesktopOptions): Program | undefined {
  if (typeof browser !== 'string') return browser;
  return browser === 'none' ? undefined : { packages: [browser], command: browser };
}

function packagesOf(options: DesktopOptions, programs: Programs, browser: Program | undefined): string[] {
  const { compositor, wifi, bluetooth, xwayland, sound, portals, fonts } = options;
  return [
    ...COMPOSITORS[compositor].packages,
    ...Object.values(programs).flatMap(({ packages }) => packages),
    ...(browser?.packages ?? []),
    ...['dbus-user-session', 'polkitd', 'pkexec', 'sudo', 'xdg-utils', 'xdg-user-dirs', 'desktop-file-utils'],
    ...[
      'dconf-gsettings-backend',
      'dconf-cli',
      'at-spi2-core',
      'adwaita-icon-theme',
      'shared-mime-info',
      'ca-certificates',
    ],
    ...['network-manager', 'brightnessctl', 'playerctl', 'systemd-oomd'],
    ...(wifi ? ['wpasupplicant', 'wireless-regdb'] : []),
    ...(bluetooth ? ['bluez', ...(sound ? ['libspa-0.2-bluetooth'] : [])] : []),
    ...(xwayland ? ['xwayland'] : []),
    ...(sound
      ? ['pipewire', 'pipewire-pulse', 'pipewire-alsa', 'wireplumber', 'rtkit', 'alsa-ucm-conf']
      : []),
    ...(portals ? ['xdg-desktop-portal', 'xdg-desktop-portal-wlr', 'xdg-desktop-portal-gtk'] : []),
    ...fonts.map((font) => FONTS[font]),
  ];
}

function compositorFiles({ compositor, xwayland }: DesktopOptions, keys: readonly Key[]): Files {
  if (compositor === 'sway') return { '/etc/sway/config': swayConfig(keys, xwayland) };
  if (compositor === 'niri') return niriFiles(keys);
  if (compositor !== 'labwc') return {};
  return Object.fromEntries(
    Object.entries(labwcFiles(keys)).map(([name, text]) => [`/etc/xdg/labwc/${name}`, text]),
  );
}

/** Keys whose program is there. */
function keysOf(options: DesktopOptions, programs: Programs, browser: Program | undefined): Key[] {
  const { terminal, launcher, files, clipboard, lock, screenshots } = programs;
  const needs: Readonly<Record<string, unknown>> = {
    ...{ terminal, launcher, files, browser, lock },
    clipboard: clipboard && launcher,
    wifi: terminal,
    bluetooth: options.bluetooth && terminal,
    persist: terminal,
    power: launcher,
    screenshot: screenshots,
    'screenshot-region': screenshots,
    ...(options.sound
      ? {}
      : { 'volume-up': false, 'volume-down': false, mute: false, 'mute-microphone': false }),
  };
  return KEYS.filter(({ action }) => !(action in needs) || Boolean(needs[action]));
}

function settingsOf(
  { compositor, program, page }: DesktopOptions,
  { terminal, launcher, files, notifications }: Programs,
  browser: Program | undefined,
): Record<string, string> {
  const kiosk = page === undefined ? (browser?.command ?? '') : `${browser?.command} --kiosk "${page}"`;
  return {
    COMPOSITOR: compositor,
    DESKTOP_NAMES: COMPOSITORS[compositor].names,
    TERMINAL: terminal?.command ?? '',
    LAUNCHER: launcher?.command ?? '',
    MENU: launcher === undefined ? '' : `${launcher.command} --dmenu`,
    FILES: files?.command ?? '',
    BROWSER: browser?.command ?? '',
    NOTIFICATIONS: notifications?.command ?? '',
    ...(compositor === 'cage' ? { PROGRAM: program ?? kiosk } : {}),
  };
}

/** Units of the session, one for each part that runs as long as it does. */
function unitsOf({ theme }: DesktopOptions, programs: Programs): SessionUnit[] {
  const { bar, notifications, wallpaper, clipboard, polkitAgent, idle, lock } = programs;
  const unit = (name: string, what: string, program: Program | undefined, more = ''): SessionUnit[] =>
    program === undefined || program.ownUnit === true
      ? []
      : [{ name: `desktop-${name}`, what, command: `${program.command}${more}` }];
  return [
    ...unit('bar', 'Bar', bar),
    ...unit('notifications', 'Notifications', notifications),
    ...unit('wallpaper', 'Background', wallpaper, ` --color '${BACKGROUND[theme]}'`),
    ...(notifications === undefined
      ? []
      : [{ name: 'desktop-guard', what: 'Warns before memory runs out', command: `${HERE}/guard` }]),
    ...unit('clipboard', 'History of the clipboard', clipboard),
    ...unit('polkit', 'Asks for passwords', polkitAgent),
    ...unit(
      'idle',
      'Locks the screen when nobody is there',
      idle,
      ` timeout 600 ${HERE}/lock lock ${HERE}/lock before-sleep ${HERE}/lock`,
    ),
    ...(lock === undefined
      ? []
      : [
          {
            name: 'desktop-lock',
            what: 'Locked screen',
            command: `${lock.command} --color ${BACKGROUND[theme].slice(1)}`,
            wanted: false,
          },
        ]),
  ];
}
