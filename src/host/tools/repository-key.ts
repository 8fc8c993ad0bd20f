/** Choosing a repository's key out of a file that somebody else gave: by its fingerprint alone. Pure. */
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { formatMoment } from '../../core/text/time.js';
import { type PublicKey, plainFingerprint, publicKeysOf, spacedFingerprint } from './openpgp/keys.js';

/** Whether a key is no longer valid; `now` in seconds since the epoch. */
export function isExpired({ expires }: PublicKey, now: number): boolean {
  return expires !== undefined && expires <= now;
}

/** The key with that fingerprint out of a key file, without whatever else is there. */
export function chooseKey(file: Uint8Array, fingerprint: string, now: number): Result<PublicKey> {
  const keys = publicKeysOf(file);
  const found = keys.find((key) => key.fingerprint === plainFingerprint(fingerprint));
  if (found === undefined) return refuse(keys.length === 0 ? NO_KEY : mismatch(keys, fingerprint));
  return isExpired(found, now) ? refuse(expired(found)) : ok(found);
}

type Explained = Omit<Problem, 'what'>;

function refuse(problem: Explained): Result<never> {
  return err({ what: 'the key cannot be used', ...problem });
}

const NO_KEY: Explained = {
  code: 'repository-key-invalid',
  why: 'what came is no OpenPGP public key',
  next: 'name the address of the key itself, as in a file Release.key or *.asc',
};

function mismatch(keys: readonly PublicKey[], fingerprint: string): Explained {
  const came = keys.map((key) => `  ${spacedFingerprint(key.fingerprint)}`);
  return {
    code: 'repository-key-mismatch',
    why: [
      'it has another fingerprint than the definition names',
      `wanted:\n  ${spacedFingerprint(fingerprint)}`,
      `found:\n${came.join('\n')}`,
    ].join('\n'),
    next: "compare with the fingerprint that the repository's owner publishes: correct it where the definition is wrong, else do not use this repository",
  };
}

function expired({ fingerprint, expires = 0 }: PublicKey): Explained {
  return {
    code: 'repository-key-expired',
    why: `the key ${spacedFingerprint(fingerprint)} has expired: it was valid until ${formatMoment(new Date(expires * 1000).toISOString())}`,
    next: "look whether the clock is right; if it is, the repository's owner has to renew the key, or uses another one by now: name its fingerprint",
  };
}
