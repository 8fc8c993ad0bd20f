/** The Debian package: the same bytes from the same sources, what is in it, what it needs, and that its command works from where it lies. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const absent = ['dpkg-deb', 'npm', 'gzip'].filter(
  (tool) => spawnSync(tool, ['--version']).error !== undefined,
);
const skip = absent.length > 0 && `not there: ${absent.join(', ')}`;
const scratch = mkdtempSync(join(tmpdir(), 'mkma-deb-test-'));
after(() => rmSync(scratch, { recursive: true }));

/** Sunday, 20 September 2026, 14:13:20 UTC. */
const EPOCH = 1_789_913_600;
let file: string;
const tree = join(scratch, 'tree');

/** Make the package of a checkout under a mask of modes; returns its file. */
function make(checkout: string, mask: string): string {
  const folder = mkdtempSync(join(scratch, 'made-'));
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(EPOCH), HOME: scratch };
  const argv = [process.execPath, join(checkout, 'scripts/deb.mjs'), folder];
  return execFileSync('sh', ['-c', 'umask "$0"; exec "$@"', mask, ...argv], { env, encoding: 'utf8' }).trim();
}

/** A copy of what the package is made of: files of now, in another folder. */
function copyOfCheckout(): string {
  const copy = join(scratch, 'copy');
  mkdirSync(copy);
  const parts = [
    'package.json',
    'CHANGELOG.md',
    'README.md',
    'LICENSE',
    'docs',
    'examples',
    'presets',
    'scripts',
  ];
  const compiled = ['host', 'guest', 'src/host', 'src/core', 'mkma.d.ts', 'bundled.json'].map(
    (name) => `dist/${name}`,
  );
  for (const part of [...parts, ...compiled])
    cpSync(join(repository, part), join(copy, part), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

const read = (path: string): string => readFileSync(join(tree, path), 'utf8');
const field = (name: string): string =>
  execFileSync('dpkg-deb', ['--field', file, name], { encoding: 'utf8' }).trim();

before(() => {
  if (skip !== false) return;
  file = make(repository, '022');
  execFileSync('dpkg-deb', ['--raw-extract', file, tree]);
});

test("two builds give the same bytes, whatever the sources' times and place and the mask of modes", {
  skip,
}, () => {
  const again = make(copyOfCheckout(), '077');
  assert.equal(basename(again), basename(file));
  assert.ok(readFileSync(again).equals(readFileSync(file)), 'the two packages differ');
});

test('it needs packages of Debian alone: a Node.js that will do, and what building takes', { skip }, () => {
  assert.equal(field('Package'), 'mkma');
  assert.equal(field('Architecture'), 'all');
  assert.match(field('Version'), /^\d+\.\d+\.\d+(\+20260920141320)?$/);
  assert.equal(field('Depends'), 'nodejs (>= 20.19), apt, attr, mmdebstrap, xz-utils, zstd');
  assert.equal(field('Recommends'), 'ca-certificates, e2fsprogs, qemu-system-x86, uidmap');
  assert.equal(field('Suggests'), 'bash-completion, ovmf, qemu-system-gui');
  assert.equal(field('Pre-Depends'), '');
});

test("every file is root's, of that time, and lies where Debian has such files", { skip }, () => {
  const listed = execFileSync('dpkg-deb', ['--contents', file], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
  for (const line of listed.trim().split('\n')) {
    assert.match(
      line,
      /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root\/root +\d+ 2026-09-20 14:13 \.\//,
    );
    assert.match(
      line,
      / \.\/(usr\/((bin|share)\/)?)?(bin\/mkma ->.*|share\/(mkma|doc|man|bash-completion)\/.*)?$/,
    );
  }
  const native = readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(node|so|wasm)$/.test(name),
  );
  assert.deepEqual(native, []);
  assert.equal(readlinkSync(join(tree, 'usr/bin/mkma')), '../share/mkma/dist/host/mkma');
});

test('manual page, completion, licences and changelog are there', { skip }, () => {
  const unzipped = (path: string): string => gunzipSync(readFileSync(join(tree, path))).toString();
  const reference = (name: string): string => readFileSync(join(repository, 'docs/reference', name), 'utf8');
  assert.equal(unzipped('usr/share/man/man1/mkma.1.gz'), reference('mkma.1'));
  assert.equal(read('usr/share/bash-completion/completions/mkma'), reference('completion.bash'));
  assert.match(
    read('usr/share/doc/mkma/copyright'),
    /^Format: .*\nUpstream-Name: mkma\n\nFiles: \*\nCopyright: 2026 the mkma authors\nLicense: Expat\n/,
  );
  const changelog = unzipped('usr/share/doc/mkma/changelog.gz');
  assert.ok(changelog.startsWith(`mkma (${field('Version')}) unstable; urgency=medium\n\n  * `), changelog);
  assert.match(changelog, /\n\n -- .* <.*> {2}Sun, 20 Sep 2026 14:13:20 \+0000\n/);
  for (const line of read('DEBIAN/md5sums').trim().split('\n')) {
    const [sum, path = ''] = line.split('  ');
    assert.equal(
      createHash('md5')
        .update(readFileSync(join(tree, path)))
        .digest('hex'),
      sum,
      path,
    );
  }
});

test('its program loads a definition with nothing but its own files', { skip }, () => {
  const folder = join(scratch, 'machine');
  mkdirSync(folder);
  const definition =
    "import { defineMachine } from 'mkma';\nconst hostname: string = 'packaged';\nexport default defineMachine({ hostname });\n";
  writeFileSync(join(folder, 'mkma.config.ts'), definition);
  const argv = [join(tree, 'usr/share/mkma/dist/host/main.js'), 'summary', '--json'];
  const printed = execFileSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' });
  const { fields } = JSON.parse(printed) as { fields: readonly { name: string; value: string }[] };
  assert.equal(fields.find(({ name }) => name === 'hostname')?.value, 'packaged');
});
