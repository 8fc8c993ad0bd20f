/** What can be chosen of the desktop. */
import { z } from 'zod';
import { password } from '../../schema/content.js';
import { packageChoice, userName } from '../../schema/words.js';
import { type Choice, PARTS, type Part, PROGRAMS } from './parts.js';

const COMPOSITORS = ['sway', 'labwc', 'cage', 'niri'] as const;

const program = z
  .strictObject({
    packages: z.array(packageChoice).default([]).describe('Packages that it takes.'),
    command: z.string().min(1).describe('Its command line, in words of a shell.'),
  })
  .describe('A program of your own.');

/** An own launcher also lists what is chosen from: power menu, history of the clipboard. */
const launcherProgram = program.extend({
  menu: z
    .string()
    .min(1)
    .optional()
    .describe('Its command line that shows lines of its input, and prints the chosen one.'),
});

/** A part: a program that is known, another one, or nothing. */
function part(name: Part, what: string, own = program) {
  const known = Object.keys(PROGRAMS[name]);
  const words = known.map((word) => `"${word}"`).join(', ');
  return z
    .union([z.enum([...known, 'none']), own], `must be ${words}, "none", or { packages, command }`)
    .optional()
    .describe(`${what} none: it is left out. Default: "${known[0]}"; in cage: "none".`);
}

const PAGE = /^(https?|file):\/\/\S+$/;

export const desktopOptions = z.strictObject({
  user: userName.default('user').describe('Whose desktop it is.'),
  password: password
    .default('locked')
    .describe(
      'Their password. locked: none fits, the user becomes root without one, and nothing ever locks the screen.',
    ),
  login: z
    .enum(['automatic', 'greeter'])
    .default('automatic')
    .describe('automatic: the user is logged in on tty1 at boot. greeter: greetd asks there who it is.'),
  compositor: z
    .enum(COMPOSITORS)
    .default('sway')
    .describe(
      'sway: tiles. labwc: windows that overlap. cage: one program, full screen. niri: columns that scroll; it needs a graphics processor, and something in the definition that offers it. Until a Debian suite has niri, sway stays the default.',
    ),
  page: z
    .string()
    .refine(
      (page) => PAGE.test(page) && URL.canParse(page),
      'must be an address that begins with https://, http:// or file:///',
    )
    .optional()
    .describe('In cage: the page that the browser shows.'),
  program: z
    .string()
    .min(1)
    .optional()
    .describe('In cage: the command line of the program instead of a browser.'),
  browser: z
    .union(
      [z.enum(['firefox-esr', 'chromium', 'none']), program],
      'must be "firefox-esr", "chromium", "none", or { packages, command }',
    )
    .default('firefox-esr')
    .describe('The browser. none: it is left out.'),
  wifi: z.boolean().default(true).describe('Whether wireless networks are managed; wired ones always are.'),
  bluetooth: z.boolean().default(true).describe('Whether there is Bluetooth, headsets included.'),
  xwayland: z
    .boolean()
    .optional()
    .describe(
      'Whether programs for X11 run. Default: true; in niri false, since it takes xwayland-satellite.',
    ),
  sound: z.boolean().default(true).describe('Whether there is sound and video by PipeWire.'),
  portals: z
    .boolean()
    .default(true)
    .describe(
      'Whether programs reach file chooser, settings, screenshots and screen casts by xdg-desktop-portal.',
    ),
  terminal: part('terminal', 'The terminal.'),
  launcher: part('launcher', 'What starts programs.', launcherProgram),
  bar: part('bar', 'The bar.'),
  notifications: part('notifications', 'What shows notifications.'),
  lock: part('lock', 'What locks the screen; an own program stays in the foreground until it is open.'),
  idle: part('idle', 'What switches the screen off, and locks it, when nobody is there.'),
  wallpaper: part('wallpaper', 'What paints the background.'),
  screenshots: part('screenshots', 'What takes screenshots.'),
  clipboard: part('clipboard', 'What keeps the history of the clipboard.'),
  polkitAgent: part('polkitAgent', 'What asks for the password where a program needs rights.'),
  files: part('files', 'The file manager.'),
  keyring: part('keyring', 'What keeps passwords of programs.'),
  fonts: z
    .array(z.enum(['latin', 'symbols', 'emoji', 'cjk']))
    .default(['latin', 'symbols', 'emoji'])
    .describe('Fonts. cjk: Chinese, Japanese and Korean, 90 MB more.'),
  theme: z.enum(['dark', 'light']).default('dark').describe('Which colours programs are asked to have.'),
});

type Said = z.output<typeof desktopOptions>;
/** All of them, with what holds where nothing is said. */
export type DesktopOptions = Omit<Said, Part | 'xwayland'> & { readonly xwayland: boolean } & {
  readonly [P in Part]: Choice;
};

/** What holds for parts of which nothing is said: in cage, where one program is all that there is, nothing. */
export function completed(said: Said): DesktopOptions {
  const parts = PARTS.map((name): [Part, Choice] => {
    const usual = said.compositor === 'cage' ? 'none' : (Object.keys(PROGRAMS[name])[0] as string);
    return [name, said[name] ?? usual];
  });
  const { xwayland = said.compositor !== 'niri' } = said;
  return { ...said, xwayland, ...(Object.fromEntries(parts) as Record<Part, Choice>) };
}
