/** Entries of an image in the style of ls(1). */

import type { FileType } from '../archive/tree.js';
import { showPath } from '../overlay/change-list.js';
import { quoteName } from '../text/path.js';
import type { LayerEntry } from './tree.js';

export const TYPE_NAMES: Readonly<Record<FileType, string>> = {
  f: 'file',
  d: 'folder',
  l: 'symbolic link',
  b: 'block device',
  c: 'character device',
  p: 'FIFO',
  s: 'socket',
};

/** Type and mode: `-rwxr-xr-x`. */
export function modeText({ type, mode }: Pick<LayerEntry, 'type' | 'mode'>): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const set = (mode & special) !== 0;
    const runs = (bits & 1) !== 0;
    const last = set ? (runs ? letter : letter.toUpperCase()) : runs ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  const kind = type === 'f' ? '-' : type;
  return `${kind}${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}

/** Size of a file or link, numbers of a device, otherwise empty. */
function sizeText({ type, size, device }: LayerEntry): string {
  if (device !== undefined) return `${device[0]}, ${device[1]}`;
  return type === 'f' || type === 'l' ? String(size) : '-';
}

/** Seconds since the epoch as date and time. */
export function momentText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Mode, owner, size and time, as columns. */
export function entryColumns(entry: LayerEntry): string[] {
  return [modeText(entry), `${entry.uid}:${entry.gid}`, sizeText(entry), momentText(entry.mtime)];
}

/** The path, and the target of a link. */
export function entryPath({ path, type, target }: LayerEntry): string {
  return type === 'l' ? `${showPath(path)} -> ${quoteName(target)}` : showPath(path);
}
