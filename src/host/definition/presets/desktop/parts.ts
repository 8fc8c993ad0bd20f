/** Parts of a desktop besides its compositor: the known programs of each, and their packages. Pure. */

/** A program for a part. */
export interface Program {
  readonly packages: readonly string[];
  /** Its command line, for sh(1). */
  readonly command: string;
  /** The package contains a unit of the user's manager that starts with the session. */
  readonly ownUnit?: boolean;
  /** Of a launcher: a command that shows the lines of its input as a menu and prints the chosen one. */
  readonly menu?: string | undefined;
}

/** Programs by part; the first is the default. */
export const PROGRAMS = {
  terminal: {
    foot: { packages: ['foot'], command: 'foot' },
    alacritty: { packages: ['alacritty'], command: 'alacritty' },
    kitty: { packages: ['kitty'], command: 'kitty' },
  },
  launcher: {
    fuzzel: { packages: ['fuzzel'], command: 'fuzzel', menu: 'fuzzel --dmenu' },
  },
  bar: {
    waybar: { packages: ['waybar'], command: 'waybar', ownUnit: true },
  },
  notifications: {
    mako: { packages: ['mako-notifier', 'libnotify-bin'], command: 'mako', ownUnit: true },
  },
  lock: {
    swaylock: { packages: ['swaylock'], command: '/usr/lib/mkma-desktop/locker' },
  },
  idle: {
    swayidle: { packages: ['swayidle', 'wlopm'], command: 'swayidle -w' },
  },
  wallpaper: {
    swaybg: { packages: ['swaybg'], command: '/usr/lib/mkma-desktop/wallpaper' },
  },
  screenshots: {
    grim: { packages: ['grim', 'slurp'], command: 'grim' },
  },
  clipboard: {
    cliphist: { packages: ['cliphist', 'wl-clipboard'], command: '/usr/lib/mkma-desktop/clipboard' },
  },
  polkitAgent: {
    mate: {
      packages: ['mate-polkit'],
      command: '/usr/libexec/polkit-mate-authentication-agent-1',
    },
    lxqt: { packages: ['lxqt-policykit'], command: 'lxqt-policykit-agent' },
  },
  files: {
    pcmanfm: { packages: ['pcmanfm'], command: 'pcmanfm' },
    thunar: { packages: ['thunar'], command: 'thunar' },
    nautilus: { packages: ['nautilus'], command: 'nautilus --new-window' },
  },
  keyring: {
    gnome: { packages: ['gnome-keyring', 'libpam-gnome-keyring'], command: 'gnome-keyring-daemon' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Program>>>>;

export type Part = keyof typeof PROGRAMS;
/** The chosen programs; none for a part that is left out. */
export type Programs = Readonly<Partial<Record<Part, Program>>>;
export const PARTS = Object.keys(PROGRAMS) as readonly Part[];

/** The choice for a part: a known program, "none", or a program of the definition. */
export type Choice = string | Program;

/** The program of a part; `undefined`: the part is left out. */
export function programOf(part: Part, choice: Choice): Program | undefined {
  if (typeof choice !== 'string') return choice;
  const known: Readonly<Record<string, Program>> = PROGRAMS[part];
  return Object.hasOwn(known, choice) ? known[choice] : undefined;
}
