/**
 * The menu of a medium that mkma installed: GRUB reads it by BIOS and by UEFI alike, and host and machine
 * write the same text (GRUB manual, "Shell-like scripting").
 */
import { lastValue } from '../boot/cmdline.js';
import { PARAM } from '../contract.js';
import { type BootEntry, idOf } from './entry.js';
import { grubEntry } from './grub.js';

/** What such a medium has, from the top of its ext4 file system. */
export const MEDIUM = {
  /** The images folder: generations only. */
  images: '/mkma',
  /** The folder of GRUB's files. */
  grub: '/boot/grub',
  /** The menu. */
  menu: '/boot/grub/grub.cfg',
  /**
   * On an encrypted medium, in the encrypted file system: which file system has menu, kernels and initramfs,
   * as `UUID=...`. Everything in there has the same paths; folders of kernels have the same numbers.
   */
  bootDevice: '/mkma/.mkma/boot-device',
} as const;

/** The menu's first line: what does not begin with it is not mkma's to change. */
const MENU_MARK = '# mkma medium';

/** Seconds until the default entry boots. */
const TIMEOUT = 3;

/** Whether a menu is one of mkma's. */
export function isMediumMenu(text: string): boolean {
  return text === MENU_MARK || text.startsWith(`${MENU_MARK}\n`);
}

/** Whether a menu of mkma's is that of an encrypted medium: its images are on another file system. */
export function isEncryptedMenu(text: string): boolean {
  return new RegExp(`^ +linux .*\\b${PARAM.luks}=`, 'm').test(text);
}

/** The whole menu. `entries`: those of all generations, the newest first. */
export function mediumMenu(entries: readonly BootEntry[]): string {
  const first = entries.find(({ generation }) => generation?.isDefault !== false) ?? entries[0];
  const lines = [
    MENU_MARK,
    '# mkma replaces this file with every generation; changes made by hand are lost.',
    ...terminalLines(first),
    `set timeout=${TIMEOUT}`,
    ...(first === undefined ? [] : [`set default=${idOf(first)}`]),
    ...entries.flatMap(grubEntry),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * By BIOS GRUB drives the serial port itself, the one that the default entry's kernel uses; by UEFI the
 * firmware does. A machine without that port keeps its screen and keyboard alone.
 */
function terminalLines(first: BootEntry | undefined): string[] {
  const { unit, speed } = serialOf(first);
  return [
    'if [ "$grub_platform" = pc ]; then',
    `    if serial --unit=${unit} --speed=${speed}; then`,
    '        terminal_input console serial',
    '        terminal_output console serial',
    '    fi',
    'fi',
  ];
}

/**
 * `console=ttyS1,9600n8` of the kernel (Documentation/admin-guide/serial-console.rst); GRUB has units 0 to 3.
 */
function serialOf(entry: BootEntry | undefined): { readonly unit: string; readonly speed: string } {
  const consoles = (entry?.append ?? []).filter(({ value = '' }) => value.startsWith('ttyS'));
  const [, unit = '0', speed = '115200'] =
    /^ttyS([0-3])(?:,(\d+))?/.exec(lastValue(consoles, 'console') ?? '') ?? [];
  return { unit, speed };
}
