import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResolved, parseSuites } from '../../../../src/host/tools/resolve-hooks.js';

const SHA = 'a'.repeat(64);

test('what apt would fetch is joined with what its lists say', () => {
  const uris = [
    'Reading package lists...',
    `'http://m.example/debian/pool/main/a/attr/attr_2.5.2-3_amd64.deb' attr_1%3a2.5.2-3_amd64.deb 44032 MD5Sum:0`,
    `'copy:/srv/flat/own_1_all.deb' own_1_all.deb 7 SHA256:${SHA}`,
  ].join('\n');
  const shown = [
    `Package: attr\nVersion: 1:2.5.2-3\nArchitecture: amd64\nPriority: required\nSHA256: ${SHA}\nDescription: a\n b`,
    `Package: own\nArchitecture: all\nVersion: 1\nSHA256: ${SHA}`,
  ].join('\n\n');
  const madison = [
    '      attr | 1:2.5.2-3 | http://m.example/debian trixie/main amd64 Packages',
    '      attr | 1:2.5.2-1 | http://m.example/debian bookworm/main amd64 Packages',
    '       own |          1 | copy:/srv/flat ./ Packages',
  ].join('\n');
  assert.deepEqual(parseResolved(uris, shown, madison), [
    {
      ...{ name: 'attr', version: '1:2.5.2-3', arch: 'amd64', size: 44032, sha256: SHA, required: true },
      url: 'http://m.example/debian/pool/main/a/attr/attr_2.5.2-3_amd64.deb',
      suites: [{ archive: 'http://m.example/debian', suite: 'trixie' }],
    },
    {
      ...{ name: 'own', version: '1', arch: 'all', size: 7, sha256: SHA, required: false },
      url: 'copy:/srv/flat/own_1_all.deb',
      suites: [{ archive: 'copy:/srv/flat', suite: './' }],
    },
  ]);
});

test('a suite has the date of its Release file', () => {
  const targets = [
    'http://m.example/debian/ trixie trixie stable /t/lists/m.example_debian_dists_trixie_main_binary-amd64_Packages',
    'http://m.example/debian/ trixie-updates trixie-updates stable-updates /t/lists/m.example_debian_dists_trixie-updates_main_binary-amd64_Packages',
  ].join('\n');
  const dates = [
    '/t/lists/m.example_debian_dists_trixie_InRelease Sat, 21 Nov 2026 09:15:44 UTC',
    '/t/lists/m.example_debian_dists_trixie-updates_InRelease Sat, 28 Nov 2026 14:09:31 UTC',
  ].join('\n');
  const archive = 'http://m.example/debian';
  assert.deepEqual(parseSuites(targets, dates), [
    { archive, suite: 'trixie', codename: 'trixie', name: 'stable', date: '2026-11-21T09:15:44Z' },
    {
      ...{ archive, suite: 'trixie-updates', codename: 'trixie-updates', name: 'stable-updates' },
      date: '2026-11-28T14:09:31Z',
    },
  ]);
});
