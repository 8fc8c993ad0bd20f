import assert from 'node:assert/strict';
import { test } from 'node:test';
import { briefly, explainAnswer, mayPass, mirrorAnswer } from '../../../../src/host/tools/mirror-answers.js';

const FILE = 'http://m.example/debian/pool/b/beta_1.0_all.deb';
const failed = (words: string, file = FILE): string => `E: Failed to fetch ${file}  ${words}\n`;

/** What apt 2.6 prints, as it was seen (notes/apt.md), and what it is taken for. */
const SEEN: readonly (readonly [words: string, code: string, passes: boolean])[] = [
  ['503  Service Unavailable [IP: 192.0.2.1 80]', 'mirror-unavailable', true],
  ['429  Too Many Requests [IP: 192.0.2.1 80]', 'mirror-unavailable', true],
  ['404  Not Found [IP: 192.0.2.1 80]', 'mirror-lacks-file', true],
  ['401  Unauthorized [IP: 192.0.2.1 80]', 'mirror-refuses', false],
  ['403  Forbidden [IP: 192.0.2.1 80]', 'mirror-refuses', false],
  ['407  Proxy Authentication Required [IP: 192.0.2.1 80]', 'mirror-refuses', false],
  ['Hash Sum mismatch\n   Hashes of expected file:\n    - SHA256:38ebae', 'mirror-file-wrong', true],
  [
    'File has unexpected size (18 != 20972). Mirror sync in progress? [IP: ::1 80]',
    'mirror-file-wrong',
    true,
  ],
  [
    "Clearsigned file isn't valid, got 'NOSPLIT' (does the network require authentication?)",
    'mirror-file-wrong',
    true,
  ],
  [
    'Error reading from server. Remote end closed connection [IP: 192.0.2.1 80]',
    'mirror-connection-broken',
    true,
  ],
  ['Connection timed out [IP: 192.0.2.1 80]', 'mirror-unreachable', true],
  [
    'Could not connect to m.example:80 (192.0.2.1). - connect (111: Connection refused)',
    'mirror-unreachable',
    true,
  ],
  ["Could not resolve 'm.example'", 'mirror-name-unknown', true],
  [
    'Certificate verification failed: The certificate is NOT trusted. [IP: 192.0.2.1 443]',
    'mirror-certificate',
    false,
  ],
];

for (const [words, code, passes] of SEEN) {
  test(`${words.split('\n')[0]}: ${code}`, () => {
    const answer = mirrorAnswer(
      `Err:2 http://m.example/debian trixie beta\n${failed(words)}E: Some files failed\n`,
    );
    assert.ok(answer !== undefined);
    assert.equal(explainAnswer(answer).code, code);
    assert.equal(explainAnswer(answer).where, FILE);
    assert.equal(mayPass(answer), passes);
  });
}

test('what it says: the file, the answer without the address of the server, what to do', () => {
  const answer = mirrorAnswer(failed('503  Service Unavailable [IP: 192.0.2.1 80]'));
  assert.ok(answer !== undefined);
  assert.equal(briefly(answer), 'beta_1.0_all.deb: 503 Service Unavailable');
  assert.deepEqual(explainAnswer(answer), {
    code: 'mirror-unavailable',
    where: FILE,
    why: 'the mirror, or a proxy before it, is temporarily unavailable\napt reports: 503 Service Unavailable',
    next: 'try again later, or name another mirror with --mirror',
  });
});

test('of several files the one that will not pass is told, the others are counted, passwords are not shown', () => {
  const output =
    failed('404  Not Found', `${FILE}.a`) +
    failed('403  Forbidden', 'http://me:secret@m.example/debian/b.deb') +
    failed('503  Service Unavailable', `${FILE}.c`);
  const answer = mirrorAnswer(output);
  assert.ok(answer !== undefined);
  assert.equal(answer.url, 'http://***@m.example/debian/b.deb');
  assert.equal(briefly(answer), 'b.deb: 403 Forbidden (and 2 more)');
});

test('where no file failed, it is nothing of a mirror', () => {
  assert.equal(mirrorAnswer('E: Unable to locate package nanoo\n'), undefined);
});
