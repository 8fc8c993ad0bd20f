/** A layer as one pax archive, from which mkfs.erofs makes its file system: whiteouts and marks are in it. */
import { type FileAttributes, opaqueMark, whiteoutsMark } from '../archive/attributes.js';
import { S_IFCHR } from '../archive/cpio.js';
import { parentOf } from '../text/path.js';
import type { Plan, PlannedRecord } from './archive-plan.js';

/** A record of it. */
export interface TarRecord extends PlannedRecord {
  /** Of a further name of a file: the path of the one that has its content, which comes before it. */
  readonly link?: string;
  readonly attributes?: FileAttributes['values'];
}

/** The records of a planned archive in an order that tar can have, and a whiteout for each deletion. */
export function tarRecords(
  { segments, attributes }: Plan,
  deletions: readonly string[],
  opaque: readonly string[] = [],
): TarRecord[] {
  const values = new Map(attributes.map((file) => [file.path, file.values]));
  for (const folder of opaque) values.set(folder, { ...values.get(folder), ...opaqueMark(folder).values });
  for (const folder of new Set(deletions.map(parentOf))) {
    // The root is always merged.
    if (folder === '.') continue;
    values.set(folder, { ...values.get(folder), ...whiteoutsMark(folder).values });
  }
  const records: TarRecord[] = [];
  for (const segment of segments) {
    for (let at = 0; at < segment.records.length; ) {
      const names = segment.records.slice(at, at + (segment.records[at] as PlannedRecord).nlink);
      at += names.length;
      // The last has the content, the first the attributes.
      const content = names.at(-1) as PlannedRecord;
      const own = values.get((names[0] as PlannedRecord).path);
      records.push(own === undefined ? content : { ...content, attributes: own });
      for (const name of names.slice(0, -1)) records.push({ ...name, data: 'none', link: content.path });
    }
  }
  return [...records, ...deletions.map(whiteout)];
}

/** A device with the number 0:0 (kernel: overlayfs.rst, whiteouts). */
function whiteout(path: string): TarRecord {
  const device = { rdevMajor: 0, rdevMinor: 0 };
  return {
    ...{ path, mode: S_IFCHR, uid: 0, gid: 0, ino: 0, nlink: 1, mtime: 0, size: 0 },
    ...device,
    data: 'none',
  };
}
