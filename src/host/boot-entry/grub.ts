/** An entry in GRUB's language (GRUB manual, "Shell-like scripting"), and its place in `custom.cfg`. */
import { posix } from 'node:path';
import { parseDeviceName } from '../../core/boot/device.js';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { type BootEntry, bootParameters, titleOf } from './entry.js';

/** The lines of the menu entry. Kernel and initramfs are read from the images folder. */
export function grubEntry(entry: BootEntry): string[] {
  const parameters = bootParameters(entry).map(({ name, value }) =>
    value === undefined ? name : `${name}=${value}`,
  );
  const file = (name: string): string => posix.join(entry.path, name);
  const words = (list: readonly string[]): string => list.map(grubWord).join(' ');
  return [
    `menuentry '${titleOf(entry)}' --id ${idOf(entry.name)} {`,
    // GRUB itself may be on a disk with another partition table; without its video driver the kernel gets no
    // screen.
    ...['part_gpt', 'part_msdos', 'all_video'].map((module) => `    insmod ${module}`),
    `    search --no-floppy --set=root ${words(searchFor(entry))}`,
    `    linux ${words([file(FILES.kernel), ...parameters])}`,
    `    initrd ${words(entry.initrds.map(file))}`,
    '}',
  ];
}

/** GRUB finds file systems by UUID and label; others by the kernel on them. */
function searchFor({ device, path }: BootEntry): string[] {
  const name = parseDeviceName(device);
  if (name?.by === 'tag' && name.tag === 'UUID') return ['--fs-uuid', name.value];
  if (name?.by === 'tag' && name.tag === 'LABEL') return ['--label', name.value];
  return ['--file', posix.join(path, FILES.kernel)];
}

function idOf(name: string): string {
  return `mkma-${name}`;
}

/** One word for GRUB. It cannot contain a quote: see fitsBootLoader in placement.ts. */
function grubWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}

/** `text` (of a `custom.cfg`) with the machine's entry: in place of its older one, else at the end. */
export function withGrubEntry(text: string, entry: BootEntry): Result<string> {
  const begin = `### BEGIN ${idOf(entry.name)} ###`;
  const end = `### END ${idOf(entry.name)} ###`;
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
  const block = [begin, ...grubEntry(entry), end];
  const [before, after] = first < 0 ? [lines, []] : [lines.slice(0, first), lines.slice(last + 1)];
  return ok(`${[...before, ...block, ...after].join('\n')}\n`);
}
