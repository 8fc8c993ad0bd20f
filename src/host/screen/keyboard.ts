/** Translates key names, in the machine's own layout, to QEMU's (QKeyCode, qapi/ui.json). Pure. */
import { nearestOf } from '../../core/text/nearest.js';

/** A key: QEMU's name, or its number on a PC keyboard. */
export type QemuKey =
  | { readonly type: 'qcode'; readonly data: string }
  | { readonly type: 'number'; readonly data: number };

/** Names longer than one character, in lower case, as in xkbcommon and in common use. */
const NAMES: Readonly<Record<string, string>> = {
  ...{
    super: 'meta_l',
    logo: 'meta_l',
    shift: 'shift',
    ctrl: 'ctrl',
    control: 'ctrl',
    alt: 'alt',
    altgr: 'alt_r',
  },
  ...{
    return: 'ret',
    enter: 'ret',
    escape: 'esc',
    esc: 'esc',
    tab: 'tab',
    space: 'spc',
    backspace: 'backspace',
  },
  ...{ delete: 'delete', insert: 'insert', home: 'home', end: 'end', pageup: 'pgup', pagedown: 'pgdn' },
  ...{ page_up: 'pgup', page_down: 'pgdn', prior: 'pgup', next: 'pgdn' },
  ...{ left: 'left', right: 'right', up: 'up', down: 'down', print: 'sysrq', menu: 'menu', pause: 'pause' },
  ...{ xf86audioraisevolume: 'volumeup', xf86audiolowervolume: 'volumedown', xf86audiomute: 'audiomute' },
  ...{ xf86audioplay: 'audioplay', xf86audionext: 'audionext', xf86audioprev: 'audioprev' },
  ...{ xf86homepage: 'ac_home', xf86back: 'ac_back', xf86forward: 'ac_forward' },
  ...{ xf86refresh: 'ac_refresh', xf86favorites: 'ac_bookmarks' },
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`f${i + 1}`, `f${i + 1}`])),
};

/** How a character is typed: the key's number, and the modifiers. */
interface Stroke {
  readonly key: number;
  readonly shift: boolean;
  readonly altGr: boolean;
}

/** How each character is typed. */
export type Layout = ReadonlyMap<string, Stroke>;

/**
 * The US keyboard: rows of keys from a number on, plain and with Shift. Numbers are those of the kernel
 * (input-event-codes.h).
 */
const US_ROWS: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [2, '1234567890-=', '!@#$%^&*()_+'],
  [16, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
];

const CONTROL: readonly (readonly [string, Stroke])[] = [
  [' ', { key: 57, shift: false, altGr: false }],
  ['\n', { key: 28, shift: false, altGr: false }],
  ['\t', { key: 15, shift: false, altGr: false }],
];

export const US_LAYOUT: Layout = new Map([
  ...US_ROWS.flatMap(([first, plain, shifted]) =>
    [...plain].flatMap((one, i): [string, Stroke][] => [
      [one, { key: first + i, shift: false, altGr: false }],
      [shifted[i] ?? one, { key: first + i, shift: true, altGr: false }],
    ]),
  ),
  ...CONTROL,
]);

/** Prints the table of the machine's own layout (keyboard(5)); nothing if it has none. */
export const KEYMAP_SCRIPT = `[ -f /etc/default/keyboard ] && command -v ckbcomp >/dev/null || exit 0
. /etc/default/keyboard
[ -z "$XKBLAYOUT" ] || ckbcomp -model "\${XKBMODEL:-pc105}" -layout "$XKBLAYOUT" -variant "$XKBVARIANT" -option "$XKBOPTIONS" 2>/dev/null`;

/** Columns of ckbcomp(1)'s tables that Shift and AltGr alone reach. */
const LEVELS = [
  { shift: false, altGr: false },
  { shift: true, altGr: false },
  { shift: false, altGr: true },
  { shift: true, altGr: true },
];

/** A layout from the output of ckbcomp(1): lines like `keycode 21 = +U+007a +U+005a ...` (keymaps(5)). */
export function parseKeymap(text: string): Layout {
  const layout = new Map<string, Stroke>();
  for (const [, key, symbols = ''] of text.matchAll(/^keycode\s+(\d+)\s*=\s*(.*)$/gm)) {
    symbols
      .trim()
      .split(/\s+/)
      .slice(0, LEVELS.length)
      .forEach((symbol, level) => {
        const character = characterOf(symbol);
        const { shift, altGr } = LEVELS[level] as (typeof LEVELS)[number];
        const before = character === undefined ? undefined : layout.get(character);
        if (character === undefined || Number(key) > 88 || (before && !before.altGr)) return;
        layout.set(character, { key: Number(key), shift, altGr });
      });
  }
  for (const [character, stroke] of CONTROL) layout.set(character, stroke);
  return layout;
}

function characterOf(symbol: string): string | undefined {
  const code = /^\+?U\+([0-9a-fA-F]{4,6})$/.exec(symbol)?.[1];
  if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
  const plain = symbol.replace(/^\+/, '');
  return plain.length === 1 ? plain : undefined;
}

const qcode = (data: string): QemuKey => ({ type: 'qcode', data });

/** Keys held down together, as `super+Return`. Throws for an unknown name. */
export function chordOf(text: string, layout: Layout): QemuKey[] {
  // The plus sign itself is the last key of `super++`.
  const parts = text === '+' ? ['+'] : text.split(/\+(?=.)/);
  return parts.flatMap((part) => {
    const named = NAMES[part.toLowerCase()];
    if (named !== undefined && part.length > 1) return [qcode(named)];
    const stroke = layout.get(part);
    if (stroke !== undefined) return strokeOf(stroke);
    const near = nearestOf(part.toLowerCase(), Object.keys(NAMES));
    throw new Error(
      `no keyboard has a key "${part}"${near === undefined ? '' : `: did you mean ${near}?`} A key is a character of the layout, or one of ${Object.keys(NAMES).join(', ')}`,
    );
  });
}

function strokeOf({ key, shift, altGr }: Stroke): QemuKey[] {
  return [
    ...(shift ? [qcode('shift')] : []),
    ...(altGr ? [qcode('alt_r')] : []),
    { type: 'number', data: key },
  ];
}

/** The keys that type a text. Throws for a character that the layout lacks. */
export function strokesOf(text: string, layout: Layout): QemuKey[][] {
  return [...text].map((character) => {
    const stroke = layout.get(character);
    if (stroke === undefined)
      throw new Error(`the keyboard's layout has no key for ${JSON.stringify(character)}`);
    return strokeOf(stroke);
  });
}
