/** Makes the header of a LUKS2 volume with the suite's cryptsetup: no root, no device mapper. */
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { readPart } from '../set/folder.js';
import type { Command } from '../sys/command.js';
import { run } from '../sys/run.js';
import { LUKS_HEADER, SECTOR } from './layout.js';
import type { MediumTools } from './programs.js';
import { CIPHER } from './xts.js';

export interface LuksRequest {
  readonly passphrase: Uint8Array;
  readonly uuid: string;
  /** Bytes of the whole volume, header included. */
  readonly bytes: number;
  /** RAM in MiB that deriving the key from the passphrase takes at most; absent: cryptsetup's default. */
  readonly keyMemory?: number | undefined;
  readonly scratch: string;
}

export interface LuksHeader {
  /** The first {@link LUKS_HEADER} bytes of the volume. */
  readonly bytes: Buffer;
  /** What its data are encrypted with. Kept in memory alone. */
  readonly key: Buffer;
  /** RAM in MiB that deriving the key takes. */
  readonly keyMemory: number;
}

/** Makes it; the file that cryptsetup writes it into holds nothing else, and is removed. */
export async function makeHeader(
  tools: MediumTools,
  request: LuksRequest,
  signal: AbortSignal,
): Promise<Result<LuksHeader>> {
  const { passphrase, uuid, bytes, keyMemory, scratch } = request;
  const file = join(scratch, 'luks');
  writeFileSync(file, '', { mode: 0o600 });
  truncateSync(file, bytes);
  const how = [
    ...['--type', 'luks2', '--cipher', CIPHER.name, '--key-size', String(CIPHER.keyBits)],
    ...['--sector-size', String(CIPHER.sector), '--offset', String(LUKS_HEADER / SECTOR), '--uuid', uuid],
    ...[
      '--pbkdf',
      'argon2id',
      ...(keyMemory === undefined ? [] : ['--pbkdf-memory', String(keyMemory * 1024)]),
    ],
  ];
  const cryptsetup = (...args: string[]): Command =>
    tools.programs.cryptsetup([...args, '--batch-mode', file]);
  try {
    const format = cryptsetup('luksFormat', '--key-file=-', ...how);
    const made = await run({ ...format, input: passphrase }, { signal });
    if (!made.ok) return made;
    // It prints the key: no file ever has it.
    const dump = cryptsetup('luksDump', '--key-file=-', '--dump-volume-key');
    const dumped = await run({ ...dump, input: passphrase }, { signal });
    if (!dumped.ok) return dumped;
    const facts = await run(cryptsetup('luksDump', '--dump-json-metadata'), { signal });
    if (!facts.ok) return facts;
    const header = readPart(file, 0, LUKS_HEADER) ?? new Uint8Array();
    return headerOf(header, dumped.value.stdout, facts.value.stdout);
  } finally {
    rmSync(file, { force: true });
  }
}

function headerOf(bytes: Uint8Array, dump: string, metadata: string): Result<LuksHeader> {
  const [, hex = ''] = /^MK dump:((?:\s+[0-9a-f]{2})+)\s*$/m.exec(dump) ?? [];
  const key = Buffer.from(hex.replace(/\s/g, ''), 'hex');
  const { keyslots } = JSON.parse(metadata) as { keyslots: Record<string, { kdf: { memory?: number } }> };
  const memory = Object.values(keyslots)[0]?.kdf.memory ?? 0;
  if (key.length !== CIPHER.keyBits / 8) throw new Error('cryptsetup printed no volume key');
  return ok({ bytes: Buffer.from(bytes), key, keyMemory: Math.ceil(memory / 1024) });
}
