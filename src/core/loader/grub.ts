/** Entries in GRUB's language (GRUB manual, "Shell-like scripting"), and their place in `custom.cfg`. */
import { parseDeviceName } from '../boot/device.js';
import { FILES } from '../contract.js';
import { err, ok, type Result } from '../result.js';
import { type BootEntry, bootParameters, idOf, pathIn, titleOf } from './entry.js';

/** The lines of the menu entry. Kernel and initramfs are read from the images folder, or where copies are. */
export function grubEntry(entry: BootEntry): string[] {
  const parameters = bootParameters(entry).map(({ name, value }) =>
    value === undefined ? name : `${name}=${value}`,
  );
  const { device, path } = entry.bootFiles ?? entry;
  const file = (name: string): string => pathIn(path, name);
  const words = (list: readonly string[]): string => list.map(grubWord).join(' ');
  return [
    `menuentry '${titleOf(entry)}' --id ${idOf(entry)} {`,
    // GRUB itself may be on a disk with another partition table; without its video driver the kernel gets no
    // screen.
    ...['part_gpt', 'part_msdos', 'all_video'].map((module) => `    insmod ${module}`),
    `    search --no-floppy --set=root ${words(searchFor(device, path))}`,
    `    linux ${words([file(FILES.kernel), ...parameters])}`,
    `    initrd ${words(entry.initrds.map(file))}`,
    '}',
  ];
}

/** GRUB finds file systems by UUID and label; others by the kernel on them. */
function searchFor(device: string, path: string): string[] {
  const name = parseDeviceName(device);
  if (name?.by === 'tag' && name.tag === 'UUID') return ['--fs-uuid', name.value];
  if (name?.by === 'tag' && name.tag === 'LABEL') return ['--label', name.value];
  return ['--file', pathIn(path, FILES.kernel)];
}

/**
 * One word for GRUB, whatever is in it: an open quote would take the whole menu with it. What GRUB cannot
 * pass to a kernel unchanged is refused before: see fitsBootLoader of cmdline.ts.
 */
function grubWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The lines between which mkma's entries of a machine are. */
function marksOf(name: string): { readonly begin: string; readonly end: string } {
  return { begin: `### BEGIN mkma-${name} ###`, end: `### END mkma-${name} ###` };
}

/** Whether a `custom.cfg` has entries of the machine. */
export function hasGrubEntries(text: string, name: string): boolean {
  return text.split('\n').includes(marksOf(name).begin);
}

/**
 * `text` (of a `custom.cfg`) with the entries of the machine called `name`: in place of its older ones, else
 * at the end. Without entries, the text without that part.
 */
export function withGrubEntries(text: string, name: string, entries: readonly BootEntry[]): Result<string> {
  const { begin, end } = marksOf(name);
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const first = lines.indexOf(begin);
  const last = lines.indexOf(end, first);
  if (first >= 0 && last < 0) {
    const why = `found the line "${begin}" without "${end}"`;
    return err({
      code: 'boot-entry-edited',
      what: "mkma's part of GRUB's configuration was edited",
      why,
      next: 'remove the rest of it',
    });
  }
  const block = entries.length === 0 ? [] : [begin, ...entries.flatMap(grubEntry), end];
  const [before, after] = first < 0 ? [lines, []] : [lines.slice(0, first), lines.slice(last + 1)];
  const all = [...before, ...block, ...after];
  return ok(all.length === 0 ? '' : `${all.join('\n')}\n`);
}
