/** OpenPGP keys as gpg writes them, and the one of version 6 that RFC 9580 has as an example. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  plainFingerprint,
  publicKeysOf,
  spacedFingerprint,
} from '../../../../src/host/tools/openpgp/keys.js';
import { armour, dearmour, packetsOf } from '../../../../src/host/tools/openpgp/packets.js';
import { chooseKey } from '../../../../src/host/tools/repository-key.js';

/** RFC 9580, A.3. */
const VERSION_6 = `-----BEGIN PGP PUBLIC KEY BLOCK-----

xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf
GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy
KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw
gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE
QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn
+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh
BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8
j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805
I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==
-----END PGP PUBLIC KEY BLOCK-----
`;
const FINGERPRINT_6 = 'CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9';

/** Seconds since the epoch. */
const at = (moment: string): number => Date.parse(moment) / 1000;

describe('keys that gpg has made', () => {
  let home = '';
  const gpg = (...args: string[]): Buffer =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--no-auto-check-trustdb', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  /** What gpg itself says of a user's key: the fingerprint, and until when it is valid. */
  const listed = (user: string): { fingerprint: string; expires: string } => {
    const lines = gpg('--with-colons', '--list-keys', user).toString().split('\n');
    const field = (kind: string, i: number): string =>
      lines.find((line) => line.startsWith(`${kind}:`))?.split(':')[i] ?? '';
    return { fingerprint: field('fpr', 9), expires: field('pub', 6) };
  };
  const make = (user: string, kind: string, until: string): void => {
    gpg(
      '--passphrase',
      '',
      '--faked-system-time',
      '20200101T000000',
      '--quick-generate-key',
      user,
      kind,
      'sign',
      until,
    );
  };

  before(() => {
    home = join(mkdtempSync(join(tmpdir(), 'mkma-openpgp-')), 'gpg');
    mkdirSync(home, { mode: 0o700 });
    make('rsa@example.org', 'rsa2048', 'never');
    make('year@example.org', 'ed25519', '1y');
  });
  after(() => {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(join(home, '..'), { recursive: true, force: true });
  });

  test('each key of a file is told by its fingerprint and by its end, as gpg tells them', () => {
    const [forever, year] = [listed('rsa@example.org'), listed('year@example.org')];
    assert.notEqual(year.expires, '');
    const expected = [
      [forever.fingerprint, undefined],
      [year.fingerprint, Number(year.expires)],
    ];
    const both = [
      gpg('--armor', '--export', 'rsa@example.org'),
      gpg('--armor', '--export', 'year@example.org'),
    ];
    for (const file of [gpg('--export'), gpg('--armor', '--export'), Buffer.concat(both)]) {
      assert.deepEqual(
        publicKeysOf(file).map(({ fingerprint, expires }) => [fingerprint, expires]),
        expected,
      );
    }
  });

  test('an end that was moved later counts, in whichever order the signatures lie', () => {
    const { fingerprint, expires } = listed('year@example.org');
    const export_ = () => packetsOf(gpg('--export', 'year@example.org')) ?? [];
    const [primary, user, older] = export_();
    gpg(
      '--faked-system-time',
      '20200601T000000',
      '--passphrase',
      '',
      '--quick-set-expire',
      fingerprint,
      '3y',
    );
    const newer = export_()[2];
    const later = Number(listed('year@example.org').expires);
    assert.ok(primary && user && older && newer);
    assert.notEqual(later, Number(expires));
    for (const signatures of [[newer], [older, newer], [newer, older]]) {
      const file = Buffer.concat([primary, user, ...signatures].map(({ whole }) => whole));
      assert.equal(publicKeysOf(file)[0]?.expires, later);
    }
  });

  test('out of several keys the one with the fingerprint is taken, alone', () => {
    const { fingerprint } = listed('rsa@example.org');
    const chosen = chooseKey(gpg('--export'), spacedFingerprint(fingerprint.toLowerCase()), at('2026-01-01'));
    assert.ok(chosen.ok);
    const alone = gpg('--export', 'rsa@example.org');
    assert.deepEqual(Buffer.from(chosen.value.bytes), alone);
    assert.deepEqual(Buffer.from(dearmour(Buffer.from(armour(chosen.value.bytes)))), alone);
  });

  test('another fingerprint is refused with both, an expired key with its end, other files for what they are', () => {
    const file = gpg('--export', 'year@example.org');
    const { fingerprint } = listed('year@example.org');
    const code = (bytes: Uint8Array, wanted: string, now: number) => {
      const chosen = chooseKey(bytes, wanted, now);
      return chosen.ok ? undefined : chosen.problem.code;
    };
    const wanted = 'AB'.repeat(20);
    const other = chooseKey(file, wanted, at('2020-02-01'));
    assert.ok(!other.ok);
    assert.equal(other.problem.code, 'repository-key-mismatch');
    for (const one of [wanted, fingerprint]) {
      assert.ok(other.problem.why?.includes(spacedFingerprint(one)), other.problem.why);
    }
    assert.equal(code(file, fingerprint, at('2020-02-01')), undefined);
    assert.equal(code(file, fingerprint, at('2040-01-01')), 'repository-key-expired');
    for (const bytes of [Buffer.from('<html>not found</html>'), Buffer.alloc(0), file.subarray(0, 40)]) {
      assert.equal(code(bytes, fingerprint, at('2020-02-01')), 'repository-key-invalid');
    }
  });
});

test('a key of version 6 has a fingerprint of 64 digits', () => {
  const [key, ...others] = publicKeysOf(Buffer.from(VERSION_6));
  assert.equal(key?.fingerprint, FINGERPRINT_6);
  assert.equal(key?.expires, undefined);
  assert.deepEqual(others, []);
});

test('armour may have headers, a checksum and line ends of Windows', () => {
  const plain = dearmour(Buffer.from(VERSION_6));
  const odd = VERSION_6.replace('BLOCK-----\n', 'BLOCK-----\nVersion: x\nComment: a: b\n')
    .replace('\n-----END', '\n=abcd\n-----END')
    .replaceAll('\n', '\r\n');
  assert.deepEqual(dearmour(Buffer.from(`before\r\n${odd}after`)), plain);
  assert.deepEqual(
    packetsOf(plain)?.map(({ type }) => type),
    [6, 2, 14, 2],
  );
});

test('lengths of both formats of packets', () => {
  const packet = (...header: number[]) => [...header, ...Array.from({ length: 300 }, () => 7)];
  const lengths = (bytes: number[]) => packetsOf(Uint8Array.from(bytes))?.map(({ body }) => body.length);
  // 300 octets: two of the present format, its five, two and four of the legacy one.
  for (const header of [
    [0xc6, 0xc0, 0x6c],
    [0xc6, 0xff, 0, 0, 1, 44],
    [0x99, 1, 44],
    [0x9a, 0, 0, 1, 44],
  ]) {
    assert.deepEqual(lengths(packet(...header)), [300]);
  }
  assert.deepEqual(lengths([0xc6, 1, 9, 0x98, 2, 9, 9]), [1, 2]);
  // Cut off, without end, in parts, and no packet at all.
  for (const bytes of [
    [0xc6, 5, 1],
    [0x9b, 1, 1],
    [0xc6, 0xe1, 1, 1],
    [0x06, 1, 1],
  ]) {
    assert.equal(lengths(bytes), undefined);
  }
});

test('fingerprints are read however they are written', () => {
  assert.equal(plainFingerprint(' abcd 0123\n'), 'ABCD0123');
  assert.equal(spacedFingerprint('abcd0123'), 'ABCD 0123');
});
