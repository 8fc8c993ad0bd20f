/** Options of the preset `desktop`. */
import { z } from 'zod';
import { password } from '../../schema/content.js';
import { packageChoice, userName } from '../../schema/words.js';
import { type Choice, PARTS, type Part, PROGRAMS } from './parts.js';

const COMPOSITORS = ['sway', 'labwc', 'cage', 'niri'] as const;

const program = z
  .strictObject({
    packages: z.array(packageChoice).default([]).describe('Packages that contain it.'),
    command: z.string().min(1).describe('Shell command that starts it.'),
  })
  .describe('Another program.');

/** Another launcher may also show menus: the power menu and the clipboard history. */
const launcherProgram = program.extend({
  menu: z
    .string()
    .min(1)
    .optional()
    .describe('Command line that shows the lines of its input as a menu and prints the chosen one.'),
});

/** A part: a known program, another one, or none. */
function part(name: Part, what: string, own = program) {
  const known = Object.keys(PROGRAMS[name]);
  const words = known.map((word) => `"${word}"`).join(', ');
  return z
    .union([z.enum([...known, 'none']), own], `must be ${words}, "none", or { packages, command }`)
    .optional()
    .describe(`${what} none: left out. Default: "${known[0]}"; in cage: "none".`);
}

const PAGE = /^(https?|file):\/\/\S+$/;

export const desktopOptions = z.strictObject({
  user: userName.default('user').describe('Name of the user.'),
  password: password
    .default('locked')
    .describe(
      'Password of the user. locked: no password is accepted; sudo requires none, and the screen is never locked.',
    ),
  login: z
    .enum(['automatic', 'greeter'])
    .default('automatic')
    .describe(
      'automatic: the user is logged in on tty1 at boot. greeter: greetd asks for user and password on tty1.',
    ),
  compositor: z
    .enum(COMPOSITORS)
    .default('sway')
    .describe(
      'sway: tiling. labwc: floating windows. cage: one full-screen program (kiosk). niri: scrollable columns; requires a GPU, and a source of niri in the definition, since no Debian suite has it.',
    ),
  page: z
    .string()
    .refine(
      (page) => PAGE.test(page) && URL.canParse(page),
      'must be a URL that begins with https://, http:// or file:///',
    )
    .optional()
    .describe('For cage: URL of the page that the browser shows.'),
  program: z
    .string()
    .min(1)
    .optional()
    .describe('For cage: command line of a program that it shows instead of a browser.'),
  browser: z
    .union(
      [z.enum(['firefox-esr', 'chromium', 'none']), program],
      'must be "firefox-esr", "chromium", "none", or { packages, command }',
    )
    .default('firefox-esr')
    .describe('Browser. none: left out.'),
  wifi: z.boolean().default(true).describe('Wireless networks; wired ones always work.'),
  bluetooth: z.boolean().default(true).describe('Bluetooth, including headsets.'),
  xwayland: z
    .boolean()
    .optional()
    .describe(
      'Support for X11 programs. Default: true; in niri false, since it requires xwayland-satellite.',
    ),
  sound: z.boolean().default(true).describe('Sound and video with PipeWire.'),
  portals: z
    .boolean()
    .default(true)
    .describe('xdg-desktop-portal: file chooser, settings, screenshots and screen sharing for programs.'),
  terminal: part('terminal', 'Terminal.'),
  launcher: part('launcher', 'Launcher of programs.', launcherProgram),
  bar: part('bar', 'Status bar.'),
  notifications: part('notifications', 'Notification daemon.'),
  lock: part(
    'lock',
    'Screen locker; another program must stay in the foreground until the screen is unlocked.',
  ),
  idle: part('idle', 'Idle manager: locks the screen and turns it off.'),
  wallpaper: part('wallpaper', 'Wallpaper.'),
  screenshots: part('screenshots', 'Screenshot tool.'),
  clipboard: part('clipboard', 'Clipboard history.'),
  polkitAgent: part('polkitAgent', 'polkit agent: asks for the password when a program requires privileges.'),
  files: part('files', 'File manager.'),
  keyring: part('keyring', 'Keyring: stores passwords of programs.'),
  fonts: z
    .array(z.enum(['latin', 'symbols', 'emoji', 'cjk']))
    .default(['latin', 'symbols', 'emoji'])
    .describe('Fonts. cjk: Chinese, Japanese and Korean, 90 MB.'),
  theme: z.enum(['dark', 'light']).default('dark').describe('Colour scheme of programs.'),
});

type Said = z.output<typeof desktopOptions>;
/** All options, including defaults. */
export type DesktopOptions = Omit<Said, Part | 'xwayland'> & { readonly xwayland: boolean } & {
  readonly [P in Part]: Choice;
};

/** Add the defaults of parts: in cage, which shows one program only, none. */
export function completed(said: Said): DesktopOptions {
  const parts = PARTS.map((name): [Part, Choice] => {
    const usual = said.compositor === 'cage' ? 'none' : (Object.keys(PROGRAMS[name])[0] as string);
    return [name, said[name] ?? usual];
  });
  const { xwayland = said.compositor !== 'niri' } = said;
  return { ...said, xwayland, ...(Object.fromEntries(parts) as Record<Part, Choice>) };
}
