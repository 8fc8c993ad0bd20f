/** Public keys of a definition's repositories, as text: for apt's sources, or as inputs of a stage. */
import { readFileSync } from 'node:fs';
import type { MachineConfig } from '../definition/machine.js';
import { plainFingerprint } from '../tools/openpgp/keys.js';
import { armour } from '../tools/openpgp/packets.js';

type RepositoryKey = MachineConfig['repositories'][string]['key'];
/** A key to fetch. */
export type AddressedKey = Exclude<RepositoryKey, string>;

/** Returns the text of a key. */
export type KeyReader = (key: RepositoryKey) => string;

/** The key in ASCII armour: given as text or as a file. Binary keys are armoured. */
export function readKey(key: string): string {
  if (key.includes('\n')) return key;
  const bytes = readFileSync(key);
  const text = bytes.toString('latin1');
  return text.includes('-----BEGIN PGP') ? text : armour(bytes);
}

/**
 * Identifies a key in the inputs of stages: one that is fetched by its fingerprint, wherever it comes from.
 */
export const describeKey: KeyReader = (key) =>
  typeof key === 'string' ? readKey(key) : `fingerprint ${plainFingerprint(key.fingerprint)}`;
