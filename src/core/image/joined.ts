/**
 * The archives of several images as one, each in a folder of its own, so that one program unpacks all of
 * them. Only archives that stay within their folder whatever a program does with names: every record is in a
 * folder that the same archive has, none comes twice, and names of one inode are of one kind. The same holds
 * for what is created and marked beside the archive.
 */
import {
  archiveName,
  archivePath,
  NEWC_HEADER_SIZE,
  NEWC_MAX_NAME,
  type NewcHeader,
  newcHead,
  newcPadding,
  newcTrailer,
  parseNewcHeader,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  TRAILER,
} from '../archive/cpio.js';
import { decodeName, isSafePath, nameLength, parentOf } from '../text/path.js';
import type { RootFacts } from './manifest.js';

/** An image to join to others. */
export interface ImageToJoin {
  /** Name of its folder. */
  readonly folder: string;
  /** Its archive; trailers in it are skipped. */
  readonly archive: Uint8Array;
  readonly root: RootFacts;
  /** Records that its archive must have. */
  readonly records: number;
  /** Paths at which it gets a whiteout. */
  readonly whiteouts: readonly string[];
  /** Paths at which it gets files from elsewhere, which count as names. */
  readonly files: readonly string[];
  /** Paths that get attributes, which it must have. */
  readonly marked: readonly string[];
}

/** The joined archive in pieces, with the number of names in it; or what is wrong with one of the images. */
export type Joined =
  | { readonly pieces: readonly Uint8Array[]; readonly names: number; readonly wrong?: undefined }
  | { readonly wrong: string };

/** Joins them. The pieces refer to the archives. */
export function joinArchives(images: readonly ImageToJoin[]): Joined {
  const pieces: Uint8Array[] = [];
  let names = 0;
  let inodes = 0;
  for (const image of images) {
    const { folder, archive, root, whiteouts } = image;
    const types = new Map<string, number>();
    const known = new Map<number, { readonly kind: number; readonly ino: number }>();
    // `ino`: its number in the archive of the image; none: that of an inode of its own.
    const put = (path: string, header: Omit<NewcHeader, 'ino'>, ino?: number): boolean => {
      const fits = path === '.' ? !types.has('.') : isSafePath(path) && types.get(parentOf(path)) === S_IFDIR;
      const name = path === '.' ? folder : `${folder}/${path}`;
      const kind = header.mode & S_IFMT;
      // Programs make a second name of an inode a link to the first, whatever its record says.
      const inode = (ino === undefined ? undefined : known.get(ino)) ?? { kind, ino: ++inodes };
      const fitsInode = inode.kind === kind;
      if (!fits || !fitsInode || types.has(path) || nameLength(name) >= NEWC_MAX_NAME) return false;
      types.set(path, kind);
      if (ino !== undefined) known.set(ino, inode);
      if (kind === S_IFDIR) header = { ...header, nlink: 1 };
      const facts = path === '.' ? { ...header, ...root, mode: S_IFDIR | root.mode } : header;
      pieces.push(newcHead({ ...facts, ino: inode.ino }, archiveName(name)));
      return true;
    };
    let records = 0;
    for (let at = 0; at < archive.length; ) {
      const header = parseNewcHeader(archive, at);
      if (header === undefined) return { wrong: `${folder}: not a newc archive` };
      const nameAt = at + NEWC_HEADER_SIZE;
      const dataAt = nameAt + header.nameSize + newcPadding(NEWC_HEADER_SIZE + header.nameSize);
      const end = dataAt + header.size + newcPadding(header.size);
      if (end > archive.length) return { wrong: `${folder}: the archive ends early` };
      const name = decodeName(archive.subarray(nameAt, nameAt + header.nameSize - 1));
      at = end;
      if (name === TRAILER) continue;
      const path = archivePath(name);
      if (!put(path, header, header.ino)) return { wrong: `${folder}: unexpected record` };
      if (end > dataAt) pieces.push(archive.subarray(dataAt, end));
      records++;
    }
    if (records !== image.records)
      return { wrong: `${folder}: ${records} records, ${image.records} expected` };
    const none = { uid: 0, gid: 0, mtime: 0, size: 0, rdevMajor: 0, rdevMinor: 0 };
    for (const path of whiteouts) {
      if (!put(path, { ...none, mode: S_IFCHR, nlink: 1 }))
        return { wrong: `${folder}: unexpected deletion` };
    }
    if (!types.has('.')) return { wrong: `${folder}: no root` };
    for (const path of image.files) {
      if (!isSafePath(path) || types.has(path) || types.get(parentOf(path)) !== S_IFDIR)
        return { wrong: `${folder}: unexpected file` };
      types.set(path, S_IFREG);
    }
    if (!image.marked.every((path) => types.has(path))) return { wrong: `${folder}: unexpected attribute` };
    names += types.size;
  }
  return { pieces: [...pieces, newcTrailer()], names };
}
