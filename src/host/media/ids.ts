/** The UUIDs of a medium, all from one seed: random for a device, derived from the content for a file. */
import { createHash, randomBytes } from 'node:crypto';

export interface MediumIds {
  readonly disk: string;
  readonly parts: Readonly<Record<'bios' | 'esp' | 'boot' | 'storage', string>>;
  /** Of the ext4 file system with the images. */
  readonly storage: string;
  /** Of the ext4 file system with menu, kernels and initramfs, on an encrypted medium. */
  readonly boot: string;
  /** Of the LUKS volume, on an encrypted medium. */
  readonly luks: string;
  /** Of hashed folders. */
  readonly hashSeed: string;
  /** Of the FAT file system, eight hexadecimal digits. */
  readonly volume: string;
}

export function randomSeed(): string {
  return randomBytes(32).toString('hex');
}

/** A seed that is the same for the same content. `lines` are whatever decides what the medium holds. */
export function seedOf(lines: readonly string[]): string {
  return createHash('sha256')
    .update(`mkma medium\n${lines.join('\n')}`)
    .digest('hex');
}

export function idsFrom(seed: string): MediumIds {
  const uuid = (name: string): string => uuidFrom(digest(seed, name));
  return {
    disk: uuid('disk'),
    parts: {
      bios: uuid('bios partition'),
      esp: uuid('esp partition'),
      boot: uuid('boot partition'),
      storage: uuid('storage partition'),
    },
    storage: uuid('storage'),
    boot: uuid('boot'),
    luks: uuid('luks'),
    hashSeed: uuid('hash seed'),
    volume: digest(seed, 'volume').toString('hex', 0, 4),
  };
}

function digest(seed: string, name: string): Buffer {
  return createHash('sha256').update(`${seed}\n${name}`).digest();
}

/** A UUID of version 8, whose bits are the maker's (RFC 9562, section 5.8). */
function uuidFrom(bytes: Buffer): string {
  const own = Buffer.from(bytes.subarray(0, 16));
  own.writeUInt8((own.readUInt8(6) & 0x0f) | 0x80, 6);
  own.writeUInt8((own.readUInt8(8) & 0x3f) | 0x80, 8);
  return own.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
