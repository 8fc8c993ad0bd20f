/** Selects a repository's key from an untrusted file: by its fingerprint alone. Pure. */
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { formatMoment } from '../../core/text/time.js';
import { type PublicKey, plainFingerprint, publicKeysOf, spacedFingerprint } from './openpgp/keys.js';

/** Whether a key is no longer valid; `now` in seconds since the epoch. */
export function isExpired({ expires }: PublicKey, now: number): boolean {
  return expires !== undefined && expires <= now;
}

/** The key with that fingerprint from a key file, without anything else in it. */
export function chooseKey(file: Uint8Array, fingerprint: string, now: number): Result<PublicKey> {
  const keys = publicKeysOf(file);
  const found = keys.find((key) => key.fingerprint === plainFingerprint(fingerprint));
  if (found === undefined) return refuse(keys.length === 0 ? NO_KEY : mismatch(keys, fingerprint));
  return isExpired(found, now) ? refuse(expired(found)) : ok(found);
}

type Explained = Omit<Problem, 'what'>;

function refuse(problem: Explained): Result<never> {
  return err({ what: 'cannot use the key', ...problem });
}

const NO_KEY: Explained = {
  code: 'repository-key-invalid',
  why: 'the download is not an OpenPGP public key',
  next: 'name the URL of the key itself, such as a file Release.key or *.asc',
};

function mismatch(keys: readonly PublicKey[], fingerprint: string): Explained {
  const came = keys.map((key) => `  ${spacedFingerprint(key.fingerprint)}`);
  return {
    code: 'repository-key-mismatch',
    why: [
      'its fingerprint differs from the one in the definition',
      `expected:\n  ${spacedFingerprint(fingerprint)}`,
      `found:\n${came.join('\n')}`,
    ].join('\n'),
    next: "compare it with the fingerprint that the repository's owner publishes; correct the definition if it is wrong, else do not use this repository",
  };
}

function expired({ fingerprint, expires = 0 }: PublicKey): Explained {
  return {
    code: 'repository-key-expired',
    why: `the key ${spacedFingerprint(fingerprint)} expired: it was valid until ${formatMoment(new Date(expires * 1000).toISOString())}`,
    next: "check this host's clock; if it is right, the owner has to renew the key, or uses another one now: name its fingerprint",
  };
}
