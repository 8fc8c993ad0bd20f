/** Keys of the desktop, the same in every compositor. Pure. */

/** A key as xkbcommon names it (xkbcommon-keysyms.h), with its modifiers. */
export interface Key {
  /** Modifiers; `super` is the key with the logo. */
  readonly held: readonly ('super' | 'shift')[];
  readonly key: string;
  /** The argument of `/usr/lib/mkma-desktop/key`. */
  readonly action: string;
  /** Whether it works while the screen is locked. */
  readonly locked?: boolean;
  /** In words. */
  readonly what: string;
}

const held = (key: string, action: string, what: string): Key => ({ held: ['super'], key, action, what });
const media = (key: string, action: string, what: string): Key => ({
  ...{ held: [], key, action, what, locked: true },
});

export const KEYS: readonly Key[] = [
  held('Return', 'terminal', 'terminal'),
  held('d', 'launcher', 'start a program'),
  held('e', 'files', 'files'),
  held('w', 'browser', 'browser'),
  held('v', 'clipboard', 'clipboard history'),
  held('l', 'lock', 'lock the screen'),
  held('n', 'wifi', 'networks'),
  held('b', 'bluetooth', 'Bluetooth'),
  held('s', 'persist', 'save changes'),
  held('Escape', 'power', 'log out, suspend, restart, power off'),
  { held: [], key: 'Print', action: 'screenshot', what: 'screenshot' },
  { held: ['shift'], key: 'Print', action: 'screenshot-region', what: 'screenshot of a region' },
  media('XF86AudioRaiseVolume', 'volume-up', 'louder'),
  media('XF86AudioLowerVolume', 'volume-down', 'quieter'),
  media('XF86AudioMute', 'mute', 'mute'),
  media('XF86AudioMicMute', 'mute-microphone', 'mute the microphone'),
  media('XF86MonBrightnessUp', 'brightness-up', 'brighter'),
  media('XF86MonBrightnessDown', 'brightness-down', 'darker'),
  media('XF86AudioPlay', 'play', 'play and pause'),
  media('XF86AudioNext', 'next', 'next'),
  media('XF86AudioPrev', 'previous', 'previous'),
];

/** The program that keys run. */
export const KEY_PROGRAM = '/usr/lib/mkma-desktop/key';
