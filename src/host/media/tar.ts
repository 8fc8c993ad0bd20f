/**
 * Records of a tar archive, which mke2fs reads from its standard input (tar(5), ustar with GNU sizes). Pure.
 */

const TAR_BLOCK = 512;

export interface TarEntry {
  /** Without a leading slash. */
  readonly path: string;
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Absent: a folder. */
  readonly bytes?: number;
}

/** A name of more bytes than this has a record of its own before the header (GNU). */
const NAME = 100;

/** The header. Everything belongs to root. */
export function tarHeader(entry: TarEntry): Buffer {
  const { path, bytes } = entry;
  const name = Buffer.from(bytes === undefined ? `${path}/` : path);
  const header = oneHeader(name.subarray(0, NAME), entry, bytes === undefined ? '5' : '0');
  if (name.length <= NAME) return header;
  const long = { ...entry, bytes: name.length + 1 };
  const record = oneHeader(Buffer.from('././@LongLink'), long, 'L');
  return Buffer.concat([record, name, Buffer.alloc(1), tarPadding(long.bytes), header]);
}

function oneHeader(name: Buffer, { mode, mtime, bytes }: TarEntry, type: '0' | '5' | 'L'): Buffer {
  const header = Buffer.alloc(TAR_BLOCK);
  const octal = (value: number, at: number, width: number): void => {
    header.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1');
  };
  name.copy(header);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  writeSize(header, bytes ?? 0);
  octal(mtime, 136, 12);
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Eleven octal digits hold up to 8 GiB; larger numbers are binary, marked by the highest bit (GNU). */
function writeSize(header: Buffer, bytes: number): void {
  if (bytes < 8 ** 11) header.write(bytes.toString(8).padStart(11, '0'), 124, 'latin1');
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
}

/** Zeros after a file's content, to the next block. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK);
}

/** The end of the archive. */
export const TAR_END = Buffer.alloc(2 * TAR_BLOCK);
