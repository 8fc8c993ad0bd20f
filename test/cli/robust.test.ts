/** What goes wrong around a build: readers that leave, caches that vanish, edits and crashes at bad moments. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { KERNEL_PACKAGE } from '../../src/host/steps/bootstrap/kernel.js';
import { execute, main, mkma, mkmaHere, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { type Asked, aptFolder, fetchOn, Mirror, makeRepository, type Told } from './mirror.js';
import { inOwnMounts } from './persist/namespace.js';
import { writeSmall } from './small.js';

inOwnMounts(import.meta.url);

const sh = (script: string, ...args: string[]) =>
  execute('bash', ['-c', script, process.execPath, main, ...args]);

test('output larger than a pipe arrives whole', async () => {
  const base = join(sharedImages(), 'base.cpio.zst');
  const got = await sh('"$0" "$1" inspect --json --files "$2" | (sleep 1; cat)', base);
  assert.ok(got.stdout.length > 500_000, `${got.stdout.length} bytes`);
  assert.ok(JSON.parse(got.stdout).entries.length > 5000);
});

test('a reader that leaves neither fails the work nor hides its failure', async () => {
  const base = join(sharedImages(), 'base.cpio.zst');
  const listed = await sh('"$0" "$1" inspect --files "$2" | head -n 1; echo $PIPESTATUS', base);
  assert.match(listed.stdout, /^.*: an mkma base, .*\n0\n$/);
  const failed = await sh('"$0" "$1" build --preset none 2>&1 >/dev/null | true; echo $PIPESTATUS');
  assert.equal(failed.stdout, '2\n');
});

test('variables set to nothing count as not set', async () => {
  const env = {
    MKMA_CACHE: '',
    MKMA_MIRROR: '',
    SOURCE_DATE_EPOCH: '',
    MKMA_COMPRESSION_LEVEL: '',
    MKMA_QEMU_TEST: '',
  };
  const got = await mkma(['build', 'console', '--output', sharedImages(), '--json'], { env });
  assert.equal(got.code, 0, got.stderr);
  assert.equal(JSON.parse(got.stdout).changed, false);
});

test('a preset is none of the names that every object has', async () => {
  const got = await mkmaHere(['build', '--preset', 'constructor', '--json']);
  assert.equal(JSON.parse(got.stdout).error.what, 'no such preset: constructor');
});

describe('a build and what may come between', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const chroot = join(out, 'chroot');
  const config = writeSmall(folder.path, 'none');
  const words = (name: string): string[] => ['build', name, '--config', config, '--output', out];
  const build = (name: string, ...more: string[]) => mkmaHere([...words(name), ...more]);
  before(async () => {
    // A mask that would close everything to others must not get into the image.
    const got = await sh(`umask 077; exec "$0" "$1" ${words('one').join(' ')}`);
    assert.equal(got.code, 0, got.stderr);
  });
  after(() => folder[Symbol.dispose]());

  test("the builder's umask is not in the image", () => {
    for (const path of ['boot', 'overlay', 'etc/systemd/journald.conf.d']) {
      assert.equal(statSync(join(chroot, path)).mode & 0o7777, 0o755, path);
    }
    assert.equal(statSync(join(out, 'base.cpio.zst')).mode & 0o777, 0o644);
  });

  test('a base is packed again without a cache and without a mirror; a file capability in the tree is in its manifest', async () => {
    writeFileSync(join(chroot, 'etc/motd'), 'edited\n');
    const tool = join(chroot, 'usr/bin/tool');
    writeFileSync(tool, '#!/bin/sh\n');
    const value = '0x0100000200040000000000000000000000000000';
    const set = await execute('setfattr', ['-n', 'security.capability', '-v', value, tool]);
    assert.equal(set.code, 0, set.stderr);
    const got = await build('one', '--cache', join(folder.path, 'nothing'));
    assert.equal(got.code, 0, got.stderr);
    assert.deepEqual(
      [...got.stderr.matchAll(/^(\w+): start/gm)].map((match) => match[1]),
      ['base', 'sbom'],
    );
    const shown = await mkmaHere(['inspect', join(out, 'base.cpio.zst'), '--json']);
    assert.equal(shown.code, 0, shown.stderr);
    const base64 = Buffer.from(value.slice(2), 'hex').toString('base64');
    const { manifest } = JSON.parse(shown.stdout) as { manifest: { needs: unknown; attributes: unknown } };
    assert.deepEqual(manifest.needs, ['attributes']);
    assert.deepEqual(manifest.attributes, [
      { path: 'usr/bin/tool', values: { 'security.capability': base64 } },
    ]);
  });

  test('edits made while a build runs are not overwritten', async () => {
    const got = await mkma([...words('two'), '--discard-edits'], {
      onStderr: (text) => {
        if (/^initramfs: start|^base: start/m.test(text)) writeFileSync(join(chroot, 'root/mine'), 'mine');
      },
    });
    assert.equal(got.code, 1, got.stderr);
    assert.match(got.stderr, /error: chroot\/ was edited while it was being built again: /);
    assert.equal(readFileSync(join(chroot, 'root/mine'), 'utf8'), 'mine');
    assert.equal(readFileSync(join(chroot, 'etc/hostname'), 'utf8'), 'one\n');
    rmSync(join(chroot, 'root/mine'));
  });

  test("a build that fails while it publishes is made good by the next one, and is nobody's edit", async () => {
    const kernel = join(out, 'vmlinuz');
    rmSync(kernel);
    mkdirSync(kernel); // the rename onto it must fail, after chroot/ has been replaced
    const failed = await mkma([...words('three'), '--discard-edits']);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /EISDIR|is a directory/);
    rmSync(kernel, { recursive: true });
    const got = await build('three');
    assert.equal(got.code, 0, got.stderr);
    assert.doesNotMatch(got.stderr, /edited by hand/);
    assert.equal(readFileSync(join(chroot, 'etc/hostname'), 'utf8'), 'three\n');
    assert.match((await build('three')).stdout, /^nothing changed/);
  });
});

/** Whole builds: what they take from the cache is tried with a small mirror below. */
describe('builds of whole machines', {
  skip: process.env.MKMA_TEST_LONG === '1' ? false : 'whole builds from a cold cache: --all',
}, () => {
  test('two builds at once with one cold cache: both work, and each thing is made once', async () => {
    using folder = temporary();
    const cache = join(folder.path, 'cache');
    const names = ['left', 'right'];
    const both = await Promise.all(
      names.map((name) => mkma(['build', name, '--output', join(folder.path, name), '--cache', cache])),
    );
    for (const got of both) assert.equal(got.code, 0, got.stderr);
    const kinds = readdirSync(join(cache, 'stages')).map((name) => name.split('-')[0]);
    assert.deepEqual(kinds.sort(), ['modules', 'packages', 'tools']);
    assert.deepEqual(
      readdirSync(join(cache, 'debs')).filter((name) => !name.endsWith('.deb')),
      [],
    );
    for (const name of names) assert.ok(existsSync(join(folder.path, name, 'base.cpio.zst')), name);
  });

  test('a kernel that cannot be downloaded fails the build, and is not cached as if it were there', async () => {
    using folder = temporary();
    const cache = join(folder.path, 'cache');
    const out = join(folder.path, 'out');
    const refused = await mkma(['build', 'x', '--output', out, '--cache', cache], {
      env: { PATH: withoutDownloads(join(folder.path, 'bin')) },
    });
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /Failed to fetch: refused/);
    assert.deepEqual(
      readdirSync(join(cache, 'stages')).filter((name) => name.startsWith('packages-')),
      [],
    );
  });
});

describe('a cold cache', () => {
  const folder = temporary();
  const cache = join(folder.path, 'cache');
  const apt = (): string => aptFolder(join(folder.path, 'apt'), folder.path);
  const entries = (): string[] =>
    existsSync(join(cache, 'stages')) ? readdirSync(join(cache, 'stages')) : [];
  const asked = ({ url }: Mirror): Asked => {
    const security = url.replace(/debian$/, 'debian-security');
    return { cache, main: url, security, pauses: [] };
  };
  before(() => {
    makeRepository(folder.path);
    mkdirSync(cache);
  });
  after(() => folder[Symbol.dispose]());

  test('two at once: both work, and each thing is made once', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const both = await Promise.all([apt(), apt()].map((host) => fetchOn(host, asked(mirror))));
    const [left, right] = both as [Told, Told];
    for (const { code, printed } of both) assert.equal(code, undefined, printed);
    assert.equal(left.path, right.path);
    assert.equal(entries().length, 1);
    assert.deepEqual(readdirSync(join(cache, 'debs')).sort(), ['alpha_1.0_all.deb', 'beta_1.0_all.deb']);
    for (const name of ['alpha', 'beta']) assert.equal(mirror.count(`${name}_1.0_all.deb`), 1, name);
    assert.equal(mirror.count('trixie/InRelease'), 1);
  });

  test('a kernel that cannot be downloaded fails, and is not kept as if it were there', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const before = entries();
    const kernel = { ...asked(mirror), kernel: 'beta' };
    const refused = await fetchOn(apt(), kernel, { PATH: withoutDownloads(join(folder.path, 'bin')) });
    assert.match(refused.why ?? '', /Failed to fetch: refused/, refused.printed);
    assert.deepEqual(entries(), before);
    const fetched = await fetchOn(apt(), kernel);
    assert.equal(fetched.code, undefined, fetched.printed);
    assert.ok(existsSync(join(fetched.path ?? '', KERNEL_PACKAGE)));
  });
});

/** A PATH whose apt-get fails at downloads alone. */
function withoutDownloads(folder: string): string {
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'apt-get'),
    '#!/bin/sh\nfor word in "$@"; do [ "$word" = download ] && { echo "E: Failed to fetch: refused" >&2; exit 100; }; done\nexec /usr/bin/apt-get "$@"\n',
    { mode: 0o755 },
  );
  return `${folder}:${process.env.PATH}`;
}
