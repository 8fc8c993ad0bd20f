/** Public keys of a definition's repositories, as text: to write into apt's sources, or to say what a stage depends on. */
import { readFileSync } from 'node:fs';
import type { MachineConfig } from '../definition/machine.js';
import { plainFingerprint } from '../tools/openpgp/keys.js';
import { armour } from '../tools/openpgp/packets.js';

type RepositoryKey = MachineConfig['repositories'][string]['key'];
/** A key that is fetched. */
export type AddressedKey = Exclude<RepositoryKey, string>;

/** Gives the text of a key. */
export type KeyReader = (key: RepositoryKey) => string;

/** The armoured key: as it is written out, or what the file holds. Keys that are not armoured are. */
export function readKey(key: string): string {
  if (key.includes('\n')) return key;
  const bytes = readFileSync(key);
  const text = bytes.toString('latin1');
  return text.includes('-----BEGIN PGP') ? text : armour(bytes);
}

/** What a key is, for inputs of stages: one that is fetched is what its fingerprint says, wherever it comes from. */
export const describeKey: KeyReader = (key) =>
  typeof key === 'string' ? readKey(key) : `fingerprint ${plainFingerprint(key.fingerprint)}`;
