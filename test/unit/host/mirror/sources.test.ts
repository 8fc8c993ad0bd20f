import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { chooseMirrors, DEBIAN_MIRRORS } from '../../../../src/host/mirror/mirrors.js';
import { environmentOf } from '../../../../src/host/sys/command.js';
import { parseDeb822, parseOneLine, pickMirrors } from '../../../../src/host/tools/apt-sources.js';
import { bootstrapCommand, explainBootstrap, sourceLines } from '../../../../src/host/tools/mmdebstrap.js';

test('one-line sources', () => {
  const text = `# deb http://commented/debian trixie main
deb [arch=amd64 signed-by=/x] http://a.example/debian/ bookworm main contrib # why
deb-src http://src.example/debian bookworm main
deb http://b.example/debian-security bookworm-security main`;
  assert.deepEqual(parseOneLine(text), [
    { uri: 'http://a.example/debian/', suite: 'bookworm' },
    { uri: 'http://b.example/debian-security', suite: 'bookworm-security' },
  ]);
});

test('deb822 sources: several suites, continued fields, comments, switched off stanzas', () => {
  const text = `Types: deb deb-src
# a comment
URIs: https://a.example/debian
Suites: trixie
 trixie-updates
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie

Types: deb-src
URIs: http://src.example/debian
Suites: trixie
`;
  assert.deepEqual(parseDeb822(text), [
    { uri: 'https://a.example/debian', suite: 'trixie' },
    { uri: 'https://a.example/debian', suite: 'trixie-updates' },
  ]);
});

test("of all sources, Debian's own are picked", () => {
  const sources = [
    { uri: 'https://packages.example/debian-extra', suite: 'stable' },
    { uri: 'http://m.example/debian/', suite: 'bookworm' },
    { uri: 'http://s.example/debian-security', suite: 'bookworm-security' },
  ];
  assert.deepEqual(pickMirrors(sources), {
    main: 'http://m.example/debian',
    security: 'http://s.example/debian-security',
  });
  assert.deepEqual(pickMirrors([]), {});
});

test('mirrors: the one asked for, else the Debian host its own, else the default', () => {
  const root = mkdtempSync(join(tmpdir(), 'mkma-test-'));
  try {
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    assert.deepEqual(chooseMirrors(undefined, root), { ok: true, value: DEBIAN_MIRRORS });
    write('etc/apt/sources.list', 'deb http://own.example/debian bookworm main\n');
    assert.deepEqual(
      chooseMirrors(undefined, root),
      { ok: true, value: DEBIAN_MIRRORS },
      'not a Debian host',
    );
    write('etc/os-release', 'ID=debian\n');
    assert.deepEqual(chooseMirrors(undefined, root), {
      ok: true,
      value: { main: 'http://own.example/debian', security: DEBIAN_MIRRORS.security },
    });
    const asked = chooseMirrors('http://asked.example/debian/', root);
    assert.equal(asked.ok && asked.value.main, 'http://asked.example/debian');
  } finally {
    rmSync(root, { recursive: true });
  }
});

const request = {
  suite: 'trixie',
  architecture: 'amd64',
  components: ['main'],
  mirror: 'http://m.example/debian',
  securityMirror: 'http://s.example/debian-security',
  variant: 'minbase' as const,
  packages: ['nano', 'less'],
  debs: '/cache/debs',
  lists: '/cache/tmp/lists',
  reach: '/cache/tmp/reach.conf',
  fetching: {},
  finish: ['true'],
  target: '/cache/tree.tar.zst',
  temporary: '/cache/tmp',
};

test('security and updates suites are on, but for unstable, which has none', () => {
  assert.deepEqual(sourceLines(request), [
    'deb http://m.example/debian trixie main',
    'deb http://m.example/debian trixie-updates main',
    'deb http://s.example/debian-security trixie-security main',
  ]);
  assert.equal(sourceLines({ ...request, suite: 'sid' }).length, 1);
});

test('a mirror as it was at a time: its lists may be old, and security updates are of then', () => {
  const mirrors = chooseMirrors('https://snapshot.example/archive/debian/20260801T000000Z/');
  assert.ok(mirrors.ok);
  const { main, security } = mirrors.value;
  assert.deepEqual(sourceLines({ ...request, mirror: main, securityMirror: security }), [
    'deb [check-valid-until=no] https://snapshot.example/archive/debian/20260801T000000Z trixie main',
    'deb [check-valid-until=no] https://snapshot.example/archive/debian/20260801T000000Z trixie-updates main',
    'deb [check-valid-until=no] https://snapshot.example/archive/debian-security/20260801T000000Z trixie-security main',
  ]);
});

test('the bootstrap runs isolated, with the hooks of its variant', () => {
  const command = bootstrapCommand(request);
  assert.equal(command.isolated, true);
  assert.ok(command.args.includes('--include=nano,less'));
  assert.ok(command.args.includes('--customize-hook=true'));
  assert.ok(bootstrapCommand({ ...request, variant: 'extract' }).args.includes('--extract-hook=true'));
});

test("maintainer scripts see nothing of the caller's environment but proxies", () => {
  const own = {
    PATH: '/usr/bin',
    HOME: '/home/me',
    DEBIAN_PRIORITY: 'low',
    TAR_OPTIONS: '-x',
    LANG: 'de_DE',
  };
  const fetching = { http_proxy: 'http://proxy:1' };
  const env = environmentOf(bootstrapCommand({ ...request, fetching }), own);
  assert.equal(env.HOME, '/root');
  assert.equal(env.http_proxy, 'http://proxy:1');
  const names = Object.keys(env).filter((name) => env[name] !== undefined && !name.startsWith('MKMA_'));
  const known = ['DEBIAN_FRONTEND', 'HOME', 'INITRD', 'LC_ALL', 'PATH', 'TMPDIR', 'http_proxy'];
  assert.deepEqual(names.sort(), known);
});

test('what apt complains about becomes a cause and a remedy', () => {
  const cases: [string, RegExp, RegExp][] = [
    [
      "E: Failed to fetch http://m.example/x  Could not resolve 'm.example'",
      /Could not resolve 'm\.example'/,
      /--mirror/,
    ],
    ['E: Unable to locate package nanoo', /no such package in trixie \(main\)/, /check its name/],
    ['tar: write error: No space left on device', /no space left/, /--cache/],
    [
      "E: The repository 'http://m.example trixiee Release' does not have a Release file.",
      /no such suite on this mirror/,
      /--suite/,
    ],
    [
      'E: Release file for http://m.example/debian/dists/trixie/InRelease is expired (invalid since 20d 6h 40min 16s). Updates for this repository will not be applied.',
      /^its lists are expired: invalid since 20d 6h 40min 16s$/,
      /clock.*--mirror/,
    ],
    ['W: GPG error: NO_PUBKEY 0E98404D386FA1D9', /cannot verify its signature/, /debian-archive-keyring/],
    ['E: something unheard of', /something unheard of/, /build --verbose/],
  ];
  for (const [output, why, next] of cases) {
    const problem = explainBootstrap(output, request);
    assert.equal(problem.what, 'cannot bootstrap Debian trixie');
    assert.match(problem.why ?? '', why);
    assert.match(problem.next ?? '', next);
  }
});
