/** OpenPGP as bytes (RFC 9580): ASCII armour, and the packets of a key file. Pure. */

/** A packet: its type, its bytes, and its body. */
export interface Packet {
  /** Its packet type ID (RFC 9580, 5). */
  readonly type: number;
  readonly body: Uint8Array;
  /** The whole packet in the file, header included. */
  readonly whole: Uint8Array;
}

/** Packet type IDs that key files hold (RFC 9580, 5, table 3). */
export const PACKET = {
  signature: 2,
  publicKey: 6,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
} as const;

const [BEGIN, END] = ['-----BEGIN PGP PUBLIC KEY BLOCK-----', '-----END PGP PUBLIC KEY BLOCK-----'];

/** ASCII armour (RFC 9580, 6): base64 between the two lines; the checksum is optional. */
export function armour(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [BEGIN, '', ...lines, END, ''].join('\n');
}

/**
 * The bytes of a key file: the content of its armour blocks, concatenated, or the file itself if it is not
 * armoured.
 */
export function dearmour(file: Uint8Array): Uint8Array {
  const text = Buffer.from(file).toString('latin1').replaceAll('\r\n', '\n');
  const blocks = [...text.matchAll(new RegExp(`^${BEGIN}[ \\t]*\\n([^]*?)\\n${END}`, 'gm'))];
  if (blocks.length === 0) return file;
  return Buffer.concat(blocks.map(([, block = '']) => Buffer.from(base64Of(block), 'base64')));
}

/** Without headers, which an empty line ends, and without the checksum, which begins with `=`. */
function base64Of(block: string): string {
  const lines = block.split('\n').map((line) => line.trim());
  const end = lines.indexOf('');
  return lines
    .slice(end + 1)
    .filter((line) => !line.startsWith('='))
    .join('');
}

/** The packets, in order; `undefined`: these bytes are not OpenPGP, or are truncated. */
export function packetsOf(bytes: Uint8Array): Packet[] | undefined {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = headerAt(bytes, at);
    if (header === undefined || header.end > bytes.length) return undefined;
    const { type, start, end } = header;
    packets.push({ type, body: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return packets;
}

/** A packet's header: bit 7 is always set, bit 6 selects one of the two formats (RFC 9580, 4.2). */
function headerAt(bytes: Uint8Array, at: number): { type: number; start: number; end: number } | undefined {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  const type = (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
  const length = (first & 0x40) === 0 ? legacyLength(bytes, at + 1, first & 3) : lengthAt(bytes, at + 1);
  if (length === undefined) return undefined;
  const start = at + 1 + length.octets;
  return { type, start, end: start + length.value };
}

/** A length, and the number of octets that encode it. */
export interface Length {
  readonly value: number;
  readonly octets: number;
}

/** Legacy format: 1, 2 or 4 octets; "until the end" is not used for keys (RFC 9580, 4.2.2). */
function legacyLength(bytes: Uint8Array, at: number, kind: number): Length | undefined {
  if (kind === 3) return undefined;
  const octets = 2 ** kind;
  return { value: numberAt(bytes, at, octets), octets };
}

/** Current format; partial lengths are for data only (RFC 9580, 4.2.1). */
export function lengthAt(bytes: Uint8Array, at: number): Length | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 192) return { value: first, octets: 1 };
  if (first < 224) return { value: ((first - 192) << 8) + (bytes[at + 1] ?? 0) + 192, octets: 2 };
  return first === 255 ? { value: numberAt(bytes, at + 1, 4), octets: 5 } : undefined;
}

/** A big-endian number. */
export function numberAt(bytes: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let i = at; i < at + octets; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}
