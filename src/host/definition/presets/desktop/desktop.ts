/** The preset `desktop`: a Wayland session for one user. Pure, except for paths of shipped files. */
import type { FragmentFields } from '../../define.js';
import type { MachineInput } from '../../machine.js';
import { consoleTools, networkTime, systemd } from '../fragments.js';
import { presetOf } from '../preset.js';
import { browserFiles } from './browser.js';
import { desktopFaults, loginFaults } from './faults.js';
import { greeterFields } from './greeter.js';
import { KEYS, type Key } from './keys.js';
import { kioskFiles, kioskProgram } from './kiosk.js';
import { labwcFiles } from './labwc.js';
import { barFiles, launcherFiles, mimeFiles, portalFiles, themeFiles } from './look.js';
import { niriFaults, niriFiles, niriPackages } from './niri.js';
import { completed, type DesktopOptions, desktopOptions } from './options.js';
import { owner } from './owner.js';
import { PARTS, type Program, type Programs, programOf } from './parts.js';
import { compositorUnit, HERE, loginUnit, sessionPrograms, sessionUnits, settings } from './session.js';
import { swayConfig } from './sway.js';
import { footAlone, packagesUnits, unitsOf } from './units.js';

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

const FONTS = {
  latin: 'fonts-dejavu-core',
  symbols: 'fonts-font-awesome',
  emoji: 'fonts-noto-color-emoji',
  cjk: 'fonts-noto-cjk',
} as const;

/** Packages and command of each compositor, and its names in XDG_CURRENT_DESKTOP. */
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
    users: { [user]: { password: options.password, groups: ['video', 'netdev', 'systemd-journal'] } },
    files: {
      ...sessionPrograms(),
      ...sessionUnits(unitsOf(options, programs)),
      [`${HERE}/settings`]: settings(settingsOf(options, programs, browser)),
      ...compositorUnit(COMPOSITORS[options.compositor].command),
      ...compositorFiles(options, keys),
      ...(programs.bar === undefined ? {} : barFiles(options)),
      ...(options.launcher === 'fuzzel' ? launcherFiles(options, programs.terminal?.command) : {}),
      ...(options.portals ? portalFiles(options) : {}),
      ...themeFiles(options),
      // When memory runs out, programs that keys and launchers started end one by one, the session does not
      // (systemd.slice(5)).
      '/etc/systemd/user/app.slice.d/10-mkma-desktop.conf':
        '[Slice]\nManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureLimit=60%\nManagedOOMSwap=kill\n',
      // logind waits for the lock before it suspends: 5 s by default, too short for a slow machine
      // (logind.conf(5)).
      ...(programs.lock === undefined
        ? {}
        : { '/etc/systemd/logind.conf.d/10-mkma-desktop.conf': '[Login]\nInhibitDelayMaxSec=30\n' }),
      // Each terminal is a process of its own, so only what runs in it ends when memory runs out.
      ...(options.terminal === 'foot' ? footAlone() : {}),
      ...packagesUnits(options),
      ...mimeFiles(options),
      ...browserFiles(options),
      ...kioskFiles(options),
    },
    hooks: [{ at: 'system', run: 'dconf update' }],
    services: {
      enable: ['NetworkManager', 'systemd-oomd', ...(bluetooth ? ['bluetooth'] : [])],
      // Hibernation would write the whole system to a disk, and the next boot starts from the images anyway.
      mask: ['hibernate.target', 'hybrid-sleep.target', 'suspend-then-hibernate.target'],
    },
    zram: 50,
  };
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
    // Keys and the low memory warning send notifications, whatever shows them.
    ...(programs.notifications === undefined ? [] : ['libnotify-bin']),
    // It handles lock and sleep, also without an idle manager.
    ...(programs.lock === undefined ? [] : ['swayidle']),
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

/** Keys whose program exists. */
function keysOf(options: DesktopOptions, programs: Programs, browser: Program | undefined): Key[] {
  const { terminal, launcher, files, clipboard, lock, screenshots } = programs;
  const needs: Readonly<Record<string, unknown>> = {
    ...{ terminal, launcher, files, browser, lock },
    // Only cliphist has this history; another program has keys of its own.
    clipboard: clipboard && options.clipboard === 'cliphist' && launcher?.menu,
    wifi: terminal,
    bluetooth: options.bluetooth && terminal,
    persist: terminal,
    power: launcher?.menu,
    screenshot: screenshots,
    'screenshot-region': screenshots,
    ...(options.sound
      ? {}
      : { 'volume-up': false, 'volume-down': false, mute: false, 'mute-microphone': false }),
  };
  return KEYS.filter(({ action }) => !(action in needs) || Boolean(needs[action]));
}

function settingsOf(
  options: DesktopOptions,
  { terminal, launcher, files, notifications }: Programs,
  browser: Program | undefined,
): Record<string, string> {
  const { compositor } = options;
  return {
    COMPOSITOR: compositor,
    DESKTOP_NAMES: COMPOSITORS[compositor].names,
    TERMINAL: terminal?.command ?? '',
    LAUNCHER: launcher?.command ?? '',
    MENU: launcher?.menu ?? '',
    SCREENSHOT: typeof options.screenshots === 'string' ? '' : options.screenshots.command,
    FILES: files?.command ?? '',
    BROWSER: browser?.command ?? '',
    NOTIFICATIONS: notifications?.command ?? '',
    WALLPAPER: '',
    ...(compositor === 'cage' ? { PROGRAM: kioskProgram(options, browser) } : {}),
  };
}
