/** The partitions of a medium and what has to fit on it, as numbers. Pure. All sizes are in bytes. */
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** Bytes of a sector: media with larger ones are refused, since BIOS and boot.img know only these. */
export const SECTOR = 512;

/** Names of the partitions in the table (GPT partition names). */
export const PARTITIONS = { bios: 'mkma-bios', esp: 'mkma-esp', boot: 'mkma-boot', storage: 'mkma' } as const;

/** The first partition starts here, as every partitioner aligns it. */
const FIRST = MIB;
const BIOS = MIB;
/** FAT32 has at least 65,525 clusters (Microsoft's FAT specification): 33 MiB with clusters of one sector. */
const ESP = 64 * MIB;
/** The backup of the partition table (33 sectors) and the alignment before it. */
const LAST = MIB;

/** The file system's journal: mke2fs's own choice depends on the size, up to 1 GiB. */
export const JOURNAL = 16 * MIB;
/** Room for layers on a medium whose size is not given. */
const SPARE = GIB;
/** Where the encrypted data begins, after the header and its keyslots: cryptsetup's own default for LUKS2. */
export const LUKS_HEADER = 16 * MIB;
/** On an encrypted medium, kernels and initramfs of a few generations. */
const BOOT = 512 * MIB;

/** Bytes of files that have to fit on a medium. */
export interface Room {
  readonly images: number;
  /** Of these kernel and initramfs, which an encrypted medium also has in the open; absent: not encrypted. */
  readonly plain?: number;
}

export interface Part {
  readonly start: number;
  readonly bytes: number;
}

export interface Layout {
  /** Bytes of the whole medium, a multiple of {@link SECTOR}. */
  readonly bytes: number;
  readonly bios: Part;
  readonly esp: Part;
  /** On an encrypted medium: menu, kernels and initramfs, in the open. */
  readonly boot?: Part;
  /** Generations; on an encrypted medium a LUKS volume. */
  readonly storage: Part;
}

/** Where everything is on a medium of this many bytes, which has room for it: see {@link leastBytes}. */
export function layoutOf(bytes: number, needed: Room): Layout {
  const whole = bytes - (bytes % SECTOR);
  const esp = FIRST + BIOS;
  const boot = bootBytes(needed);
  const storage = esp + ESP + boot;
  // Whole MiB: the file system's blocks never reach into the backup of the partition table.
  const room = Math.floor((whole - LAST - storage) / MIB) * MIB;
  return {
    bytes: whole,
    bios: { start: FIRST, bytes: BIOS },
    esp: { start: esp, bytes: ESP },
    ...(boot === 0 ? {} : { boot: { start: esp + ESP, bytes: boot } }),
    storage: { start: storage, bytes: room },
  };
}

/** Bytes of the partition in the open: none on a medium that is not encrypted. */
function bootBytes({ plain }: Room): number {
  if (plain === undefined) return 0;
  return Math.max(BOOT, Math.ceil(storageFor(4 * plain) / MIB) * MIB);
}

/** Number of inodes: images are few and large. A file system always has at least 16 in each 128 MiB. */
export function inodesFor(storageBytes: number): number {
  const wanted = Math.floor(storageBytes / (256 * 1024));
  return Math.min(65_536, Math.max(1024, wanted));
}

/** Bytes that files need on ext4, each rounded up to blocks, with the blocks that map them. */
export function bytesOnExt4(sizes: readonly number[]): number {
  return sizes.reduce(
    (sum, size) => sum + Math.ceil(size / 4096) * 4096 + Math.ceil(size / (64 * MIB)) * 4096,
    0,
  );
}

/** Least bytes of a file system that has room for `content` bytes. */
function storageFor(content: number): number {
  // Journal, inodes (256 bytes each), folders, and bitmaps and checksummed descriptors of each group.
  const own = JOURNAL + 4 * MIB + Math.ceil(content / (128 * MIB)) * 64 * 1024;
  // mke2fs refuses a journal of more than half of the file system.
  return Math.max(2 * JOURNAL + 4 * MIB, content + own + inodesFor(content + own) * 256);
}

/** Least bytes of a medium with this content. */
export function leastBytes(needed: Room): number {
  const header = needed.plain === undefined ? 0 : LUKS_HEADER;
  const storage = Math.ceil(storageFor(needed.images) / MIB) * MIB + header;
  return FIRST + BIOS + ESP + bootBytes(needed) + storage + LAST;
}

/** Bytes of a medium for which no size was asked: room for the content and for layers. */
export function defaultBytes(needed: Room): number {
  return leastBytes({ ...needed, images: needed.images + SPARE });
}

/** The layout of a medium, or why it is too small. `where` names it. */
export function fit(bytes: number, needed: Room, where: string, next: string): Result<Layout> {
  if (bytes >= leastBytes(needed)) return ok(layoutOf(bytes, needed));
  return err(tooSmall(bytes, needed, where, next));
}

function tooSmall(bytes: number, needed: Room, where: string, next: string): Problem {
  const least = leastBytes(needed);
  return {
    code: 'medium-too-small',
    what: 'the medium is too small for this set of images',
    where,
    why: `it has ${formatBytes(bytes)}; the images take ${formatBytes(needed.images)}, the whole medium ${formatBytes(least)}`,
    next,
  };
}
