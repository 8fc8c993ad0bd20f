/** Bar, wallpaper, colours, and file associations of the desktop. Pure. */
import type { MachineInput } from '../../machine.js';
import type { DesktopOptions } from './options.js';

type Files = NonNullable<MachineInput['files']>;

/** The colour of the wallpaper, dark or light. */
export const BACKGROUND = { dark: '#1d2733', light: '#d7e0ea' } as const;

/** Modules of waybar(5), by compositor. */
const WINDOWS: Readonly<Record<string, readonly string[]>> = {
  sway: ['sway/workspaces', 'sway/mode', 'sway/window'],
  labwc: ['wlr/taskbar'],
  niri: ['niri/workspaces', 'niri/window'],
};

/** /etc/xdg/waybar/config.jsonc: JSON is JSON with comments. */
export function barFiles({ compositor, sound, bluetooth }: DesktopOptions): Files {
  const right = [
    ...['cpu', 'custom/mkma', 'network'],
    ...(bluetooth ? ['bluetooth'] : []),
    ...(sound ? ['wireplumber'] : []),
    ...['backlight', 'battery', 'clock', 'tray'],
  ];
  const bar = {
    ...{ layer: 'top', position: 'top', height: 28, spacing: 12 },
    'modules-left': WINDOWS[compositor] ?? [],
    'modules-right': right,
    clock: { format: '{:%a %d %b  %H:%M}', tooltip: false },
    cpu: { format: 'CPU {usage}%', interval: 5 },
    'custom/mkma': {
      ...{ exec: 'mkma status --bar', 'return-type': 'json', interval: 15, signal: 8 },
      'on-click': '/usr/lib/mkma-desktop/key persist',
    },
    network: {
      'format-wifi': '{essid} {signalStrength}%',
      'format-ethernet': 'wired',
      'format-disconnected': 'offline',
      'on-click': '/usr/lib/mkma-desktop/key wifi',
    },
    bluetooth: {
      format: '',
      'format-connected': '{device_alias}',
      'on-click': '/usr/lib/mkma-desktop/key bluetooth',
    },
    wireplumber: {
      format: 'vol {volume}%',
      'format-muted': 'muted',
      'on-click': '/usr/lib/mkma-desktop/key mute',
    },
    backlight: { format: 'light {percent}%' },
    battery: {
      format: 'bat {capacity}%',
      'format-charging': 'bat {capacity}% +',
      states: { warning: 20, critical: 10 },
    },
    tray: { spacing: 8 },
    'wlr/taskbar': { format: '{title:.24}', 'on-click': 'activate', 'on-click-middle': 'close' },
  };
  return {
    '/etc/xdg/waybar/config.jsonc': `${JSON.stringify(bar, null, 2)}\n`,
    '/etc/xdg/waybar/style.css': `* { font-family: "DejaVu Sans", sans-serif; font-size: 13px; border: none; border-radius: 0; min-height: 0; }
window#waybar { background: #11181f; color: #d7e0ea; }
#workspaces button { padding: 0 8px; color: #8fa3b5; }
#workspaces button.focused, #workspaces button.active { color: #ffffff; background: #2f4156; }
#taskbar button { padding: 0 8px; color: #8fa3b5; }
#taskbar button.active { color: #ffffff; background: #2f4156; }
#custom-mkma.changed { color: #f0c674; }
#custom-mkma.low { color: #ff6c6b; }
#battery.critical:not(.charging) { color: #ff6c6b; }
.modules-right { padding-right: 10px; }
`,
  };
}

/** fuzzel.ini(5): programs start in scopes of their own, and its colours follow the theme. */
export function launcherFiles({ theme }: DesktopOptions, terminal = ''): Files {
  const dark = theme === 'dark';
  const lines = [
    '[main]',
    'launch-prefix=/usr/lib/mkma-desktop/run',
    // For programs that run in a terminal.
    ...(terminal === '' ? [] : [`terminal=${terminal} -e`]),
    '',
    '[colors]',
    `background=${dark ? '11181ff2' : 'f4f7faf2'}`,
    `text=${dark ? 'd7e0eaff' : '1d2733ff'}`,
    `input=${dark ? 'ffffffff' : '000000ff'}`,
    `match=${dark ? '7fb4e6ff' : '1f5f9bff'}`,
    `selection=${dark ? '2f4156ff' : 'c9d8e8ff'}`,
    `selection-text=${dark ? 'ffffffff' : '000000ff'}`,
    `border=${dark ? '2f4156ff' : 'a9bfd6ff'}`,
    '',
  ];
  return { '/etc/xdg/fuzzel/fuzzel.ini': lines.join('\n') };
}

/**
 * The appearance of programs (org.gnome.desktop.interface, which portals pass on), as a default of dconf(7).
 */
export function themeFiles({ theme }: DesktopOptions): Files {
  const settings = [
    '[org/gnome/desktop/interface]',
    `color-scheme='${theme === 'dark' ? 'prefer-dark' : 'prefer-light'}'`,
    "gtk-theme='Adwaita'",
    "icon-theme='Adwaita'",
    "cursor-theme='Adwaita'",
    "font-name='Sans 10'",
    '',
  ];
  return {
    '/etc/dconf/profile/user': 'user-db:user\nsystem-db:local\n',
    '/etc/dconf/db/local.d/00-mkma-desktop': settings.join('\n'),
    // Programs contain this theme themselves: Adwaita-dark is in no package of the preset.
    ...(theme === 'dark' ? { '/etc/gtk-3.0/settings.ini': DARK, '/etc/gtk-4.0/settings.ini': DARK } : {}),
  };
}

/** Settings of GTK programs without a settings daemon (GtkSettings). */
const DARK = '[Settings]\ngtk-application-prefer-dark-theme=1\n';

/** The back end of each portal (portals.conf(5)); sway has a file of its own, but reads this one first. */
export function portalFiles({ compositor, keyring }: DesktopOptions): Files {
  // niri's own file uses GNOME's for all, whose file chooser is nautilus (niri #3765): here only for screen
  // casts of windows.
  const screen = compositor === 'niri' ? 'gnome;wlr' : 'wlr';
  const lines = [
    '[preferred]',
    'default=gtk',
    `org.freedesktop.impl.portal.Screenshot=${screen}`,
    `org.freedesktop.impl.portal.ScreenCast=${screen}`,
    'org.freedesktop.impl.portal.Inhibit=none',
    ...(keyring === 'gnome' ? ['org.freedesktop.impl.portal.Secret=gnome-keyring'] : []),
    '',
  ];
  return { [`/etc/xdg/xdg-desktop-portal/${compositor}-portals.conf`]: lines.join('\n') };
}

/** Desktop files of known programs, by the kinds of files they open. */
const OPENERS: Readonly<Record<string, { readonly file: string; readonly types: readonly string[] }>> = {
  'firefox-esr': {
    file: 'firefox-esr.desktop',
    types: [
      ...['text/html', 'application/xhtml+xml', 'x-scheme-handler/http', 'x-scheme-handler/https'],
      ...['application/pdf', 'image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'],
    ],
  },
  chromium: {
    file: 'chromium.desktop',
    types: [
      ...['text/html', 'application/xhtml+xml', 'x-scheme-handler/http', 'x-scheme-handler/https'],
      ...['application/pdf', 'image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'],
    ],
  },
  pcmanfm: { file: 'pcmanfm.desktop', types: ['inode/directory'] },
  thunar: { file: 'thunar.desktop', types: ['inode/directory'] },
  nautilus: { file: 'org.gnome.Nautilus.desktop', types: ['inode/directory'] },
};

/** File associations (mime-apps-spec). */
export function mimeFiles({ browser, files }: DesktopOptions): Files {
  const lines = [browser, files].flatMap((choice) => {
    const opener = typeof choice === 'string' ? OPENERS[choice] : undefined;
    return opener === undefined ? [] : opener.types.map((type) => `${type}=${opener.file}`);
  });
  return lines.length === 0
    ? {}
    : { '/etc/xdg/mimeapps.list': ['[Default Applications]', ...lines, ''].join('\n') };
}
