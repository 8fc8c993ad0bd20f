/** Keyslots of a LUKS2 header, and the memory that deriving a key from a passphrase takes. Pure. */
import type { Problem } from '../../core/result.js';
import { mebibytes } from '../../core/text/size.js';

/** A keyslot that a passphrase or a key file opens. */
export interface Slot {
  readonly number: number;
  /** How the key is derived: `argon2id`, `argon2i` or `pbkdf2`. */
  readonly derivation: string;
  /** Bytes of memory that this takes; 0 for pbkdf2. */
  readonly memory: number;
}

/** Priority of a keyslot that is used only if it is named (cryptsetup-config(8)). */
const IGNORED = 0;

/**
 * The keyslots in the output of `cryptsetup luksDump --dump-json-metadata` (LUKS2 On-Disk Format, "Keyslots
 * object": `memory` is in KiB); empty if it is not that, as for LUKS1, which needs no memory.
 */
export function parseSlots(json: string): Slot[] {
  interface Header {
    readonly keyslots?: Record<string, { priority?: number; kdf?: { type?: string; memory?: number } }>;
  }
  let header: Header;
  try {
    header = Object(JSON.parse(json)) as Header;
  } catch {
    return [];
  }
  return Object.entries(header.keyslots ?? {}).flatMap(([number, { priority, kdf }]) =>
    priority === IGNORED || kdf?.type === undefined
      ? []
      : [{ number: Number(number), derivation: kdf.type, memory: (kdf.memory ?? 0) * 1024 }],
  );
}

/** Which keyslots can be tried with so many bytes available. */
export type Fit =
  /** All, or it is unknown what they need. */
  | { readonly kind: 'all' }
  /** Only these; `problem` is a warning about the others. */
  | { readonly kind: 'some'; readonly slots: readonly number[]; readonly problem: Problem }
  | { readonly kind: 'none'; readonly problem: Problem };

/** Chooses the keyslots that fit into `available` bytes of RAM; `where`: the volume, for the message. */
export function fitSlots(slots: readonly Slot[], available: number, where: string): Fit {
  const fitting = slots.filter(({ memory }) => memory <= available);
  if (fitting.length === slots.length) return { kind: 'all' };
  const large = slots.filter(({ memory }) => memory > available);
  const needs = large.map(
    ({ number, derivation, memory }) => `keyslot ${number} (${derivation}) needs ${mebibytes(memory)} MiB`,
  );
  const least = Math.min(...large.map(({ memory }) => memory));
  const problem: Problem = {
    code: 'luks-memory',
    what:
      fitting.length > 0 ? 'not all keyslots fit into RAM' : 'not enough RAM to derive the key of a volume',
    where,
    why: `${needs.join(', ')}; ${mebibytes(available)} MiB of RAM are available`,
    next: `give the machine ${mebibytes(least - available)} MiB more, or lower the need elsewhere: cryptsetup luksConvertKey --key-slot N --pbkdf-memory KIB`,
  };
  return fitting.length === 0
    ? { kind: 'none', problem }
    : { kind: 'some', slots: fitting.map(({ number }) => number), problem };
}
