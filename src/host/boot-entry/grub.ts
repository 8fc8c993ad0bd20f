/** An entry in GRUB's language (GRUB manual, "Shell-like scripting"), and its place in `custom.cfg`. */
import { posix } from 'node:path';
import { parseDeviceName } from '../../core/boot/device.js';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { type BootEntry, bootParameters, titleOf } from './entry.js';

/** The menu entry, a line each. Kernel and initramfs are read where the images lie. */
export function grubEntry(entry: BootEntry): string[] {
  const parameters = bootParameters(entry).map(({ name, value }) =>
    value === undefined ? name : `${name}=${value}`,
  );
  const file = (name: string): string => posix.join(entry.path, name);
  const words = (list: readonly string[]): string => list.map(grubWord).join(' ');
  return [
    `menuentry '${titleOf(entry)}' --id ${idOf(entry.name)} {`,
    // GRUB itself may lie on a disk with another partition table; and without a driver for the screen the kernel has none.
    ...['part_gpt', 'part_msdos', 'all_video'].map((module) => `    insmod ${module}`),
    `    search --no-floppy --set=root ${words(searchFor(entry))}`,
    `    linux ${words([file(FILES.kernel), ...parameters])}`,
    `    initrd ${words(entry.initrds.map(file))}`,
    '}',
  ];
}

/** GRUB knows file systems by UUID and label; others it finds by the kernel that lies there. */
function searchFor({ device, path }: BootEntry): string[] {
  const name = parseDeviceName(device);
  if (name?.by === 'tag' && name.tag === 'UUID') return ['--fs-uuid', name.value];
  if (name?.by === 'tag' && name.tag === 'LABEL') return ['--label', name.value];
  return ['--file', posix.join(path, FILES.kernel)];
}

function idOf(name: string): string {
  return `mkma-${name}`;
}

/** One word for GRUB. No quote can be in it: see fitsBootLoader in placement.ts. */
function grubWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}

/** `text` (of a `custom.cfg`) with the machine's entry in it: in place of its older one, else at the end. */
export function withGrubEntry(text: string, entry: BootEntry): Result<string> {
  const begin = `### BEGIN ${idOf(entry.name)} ###`;
  const end = `### END ${idOf(entry.name)} ###`;
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const first = lines.indexOf(begin);
  const last = lines.indexOf(end, first);
  if (first >= 0 && last < 0) {
    const why = `the line "${begin}" is there, "${end}" is missing`;
    return err({
      code: 'boot-entry-edited',
      what: "mkma's part of GRUB's configuration was edited",
      why,
      next: 'remove what is left of it',
    });
  }
  const block = [begin, ...grubEntry(entry), end];
  const [before, after] = first < 0 ? [lines, []] : [lines.slice(0, first), lines.slice(last + 1)];
  return ok(`${[...before, ...block, ...after].join('\n')}\n`);
}
