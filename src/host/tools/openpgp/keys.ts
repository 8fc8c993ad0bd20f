/** The public keys of a key file (RFC 9580, 10.1): their fingerprints and expiry. Pure. */
import { createHash } from 'node:crypto';
import { dearmour, lengthAt, numberAt, PACKET, type Packet, packetsOf } from './packets.js';

/** A primary key with all that belongs to it: user IDs, subkeys and their signatures. */
export interface PublicKey {
  /** In upper case hex: 40 digits of a version 4 key, 64 of a version 6 key. */
  readonly fingerprint: string;
  /**
   * Seconds since the epoch after which it is no longer valid, by its newest self-signature; `undefined`:
   * never.
   */
  readonly expires?: number | undefined;
  /** Its bytes in the file, without other keys. */
  readonly bytes: Uint8Array;
}

/** A fingerprint as people write it, without spaces and in upper case. */
export function plainFingerprint(text: string): string {
  return text.replace(/\s/g, '').toUpperCase();
}

/** The same in groups of four digits. */
export function spacedFingerprint(text: string): string {
  return (plainFingerprint(text).match(/.{1,4}/g) ?? []).join(' ');
}

/** All keys of a file, armoured or not, in order. None: it is not a key file, or is truncated. */
export function publicKeysOf(file: Uint8Array): PublicKey[] {
  const packets = packetsOf(dearmour(file)) ?? [];
  const starts = packets.flatMap(({ type }, i) => (type === PACKET.publicKey ? [i] : []));
  return starts.flatMap((start, i) => {
    const key = keyOf(packets.slice(start, starts[i + 1]));
    return key === undefined ? [] : [key];
  });
}

/** `undefined` for versions that are obsolete or not in use yet. */
function keyOf(packets: readonly Packet[]): PublicKey | undefined {
  const [primary, ...others] = packets;
  if (primary === undefined) return undefined;
  const fingerprint = fingerprintOf(primary.body);
  if (fingerprint === undefined) return undefined;
  const created = numberAt(primary.body, 1, 4);
  const lifetime = lifetimeOf(others, fingerprint);
  return {
    fingerprint,
    ...(lifetime === undefined ? {} : { expires: created + lifetime }),
    bytes: Buffer.concat(packets.map(({ whole }) => whole)),
  };
}

/** RFC 9580, 5.5.4: a digest of the packet's body, preceded by an octet and the body's length. */
function fingerprintOf(body: Uint8Array): string | undefined {
  const version = body[0];
  if (version !== 4 && version !== 6) return undefined;
  const head = Buffer.alloc(version === 4 ? 3 : 5);
  head[0] = version === 4 ? 0x99 : 0x9b;
  if (version === 4) head.writeUInt16BE(body.length, 1);
  else head.writeUInt32BE(body.length, 1);
  const digest = createHash(version === 4 ? 'sha1' : 'sha256');
  return digest.update(head).update(body).digest('hex').toUpperCase();
}

/** Types of self-signatures (RFC 9580, 5.2.1): of a user ID, or of the key itself. */
const OF_ITSELF = [0x10, 0x11, 0x12, 0x13, 0x1f];

/** Subpackets of signatures (RFC 9580, 5.2.3.7). */
const SUBPACKET = { created: 2, lifetime: 9, issuerId: 16, issuer: 33 } as const;

/** Seconds from its creation for which a key is valid, by its newest self-signature. None, or 0: for ever. */
function lifetimeOf(packets: readonly Packet[], fingerprint: string): number | undefined {
  let [newest, lifetime] = [-1, 0];
  for (const { type, body } of packets) {
    if (type !== PACKET.signature || !OF_ITSELF.includes(body[1] ?? 0)) continue;
    const said = subpacketsOf(body);
    if (said === undefined || !issuedBy(said, fingerprint)) continue;
    const created = numberAt(said.get(SUBPACKET.created) ?? new Uint8Array(), 0, 4);
    if (created < newest) continue;
    newest = created;
    lifetime = numberAt(said.get(SUBPACKET.lifetime) ?? new Uint8Array(), 0, 4);
  }
  return lifetime === 0 ? undefined : lifetime;
}

/**
 * Whether a signature is by this key: its issuer is a fingerprint, after its version, or the last 8 octets of
 * one.
 */
function issuedBy(said: ReadonlyMap<number, Uint8Array>, fingerprint: string): boolean {
  const hex = (bytes: Uint8Array | undefined): string =>
    Buffer.from(bytes ?? [])
      .toString('hex')
      .toUpperCase();
  const issuer = hex(said.get(SUBPACKET.issuer)?.subarray(1));
  const id = hex(said.get(SUBPACKET.issuerId));
  return issuer === fingerprint || (issuer === '' && id !== '' && fingerprint.endsWith(id));
}

/**
 * Subpackets of both areas of a signature (RFC 9580, 5.2.3): hashed ones win. `undefined`: another version.
 */
function subpacketsOf(body: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const version = body[0];
  if (version !== 4 && version !== 6) return undefined;
  const count = version === 4 ? 2 : 4;
  const hashed = 4 + count;
  const hashedEnd = hashed + numberAt(body, 4, count);
  const free = hashedEnd + count;
  const freeEnd = free + numberAt(body, hashedEnd, count);
  return new Map([...areaOf(body.subarray(free, freeEnd)), ...areaOf(body.subarray(hashed, hashedEnd))]);
}

/**
 * One area: each subpacket has a length, a type, whose first bit only marks it as critical, and its content.
 */
function areaOf(area: Uint8Array): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  for (let at = 0; at < area.length; ) {
    const length = lengthAt(area, at);
    if (length === undefined || length.value === 0) return found;
    const start = at + length.octets;
    found.push([(area[start] ?? 0) & 0x7f, area.subarray(start + 1, start + length.value)]);
    at = start + length.value;
  }
  return found;
}
