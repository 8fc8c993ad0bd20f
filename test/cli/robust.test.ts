/** What goes wrong around a build: readers that leave, caches that vanish, edits and crashes at bad moments. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execute, main, mkma, temporary } from './cli.js';
import { sharedImages } from './images.js';

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
  assert.match(listed.stdout, /^.*: a base of mkma, .*\n0\n$/);
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
  const got = await mkma(['build', '--preset', 'constructor', '--json']);
  assert.equal(JSON.parse(got.stdout).error.what, 'there is no preset "constructor"');
});

describe('a build and what may come between', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const chroot = join(out, 'chroot');
  // What takes long to pack and is not what this is about.
  const small = ['--without', 'docs,locales', '--output', out];
  const build = (name: string, ...more: string[]) => mkma(['build', name, ...small, ...more]);
  before(async () => {
    // A mask that would close everything to others must not get into the image.
    const got = await sh('umask 077; exec "$0" "$1" build one --without docs,locales --output "$2"', out);
    assert.equal(got.code, 0, got.stderr);
  });
  after(() => folder[Symbol.dispose]());

  test("the builder's umask is not in the image", () => {
    for (const path of ['boot', 'overlay', 'etc/systemd/journald.conf.d']) {
      assert.equal(statSync(join(chroot, path)).mode & 0o7777, 0o755, path);
    }
    assert.equal(statSync(join(out, 'base.cpio.zst')).mode & 0o777, 0o644);
  });

  test('a base is packed again without a cache and without a mirror', async () => {
    writeFileSync(join(chroot, 'etc/motd'), 'edited\n');
    const got = await build('one', '--cache', join(folder.path, 'nothing'));
    assert.equal(got.code, 0, got.stderr);
    assert.deepEqual(
      [...got.stderr.matchAll(/^(\w+): start/gm)].map((match) => match[1]),
      ['base'],
    );
  });

  test('a file capability in the tree is in the manifest', async () => {
    copyTool(chroot);
    const tool = join(chroot, 'usr/bin/tool');
    const value = '0x0100000200040000000000000000000000000000';
    const set = await execute('setfattr', ['-n', 'security.capability', '-v', value, tool]);
    assert.equal(set.code, 0, set.stderr);
    const got = await build('one');
    assert.equal(got.code, 0, got.stderr);
    const shown = await mkma(['inspect', join(out, 'base.cpio.zst'), '--json']);
    assert.equal(shown.code, 0, shown.stderr);
    const base64 = Buffer.from(value.slice(2), 'hex').toString('base64');
    const { manifest } = JSON.parse(shown.stdout) as { manifest: { needs: unknown; attributes: unknown } };
    assert.deepEqual(manifest.needs, ['attributes']);
    assert.deepEqual(manifest.attributes, [
      { path: 'usr/bin/tool', values: { 'security.capability': base64 } },
    ]);
    rmSync(tool);
  });

  test('edits made while a build runs are not overwritten', async () => {
    const got = await mkma(['build', 'two', ...small, '--discard-edits'], {
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
    const failed = await build('three', '--discard-edits');
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

function copyTool(chroot: string): void {
  appendFileSync(join(chroot, 'usr/bin/tool'), '#!/bin/sh\n');
}

test('two builds at once with one cold cache: both work, and each thing is made once', async () => {
  using folder = temporary();
  const cache = join(folder.path, 'cache');
  const names = ['left', 'right'];
  const both = await Promise.all(
    names.map((name) => mkma(['build', name, '--output', join(folder.path, name), '--cache', cache])),
  );
  for (const got of both) assert.equal(got.code, 0, got.stderr);
  assert.equal(readdirSync(join(cache, 'stages')).length, 2);
  assert.deepEqual(
    readdirSync(join(cache, 'debs')).filter((name) => !name.endsWith('.deb')),
    [],
  );
  for (const name of names) assert.ok(existsSync(join(folder.path, name, 'base.cpio.zst')), name);
});

test('a kernel that cannot be downloaded fails the build, and is not cached as if it were there', async () => {
  using folder = temporary();
  const cache = join(folder.path, 'cache');
  const hooks = join(folder.path, 'bin');
  mkdirSync(hooks);
  // An apt-get that fails at downloads alone, found first on PATH.
  writeFileSync(
    join(hooks, 'apt-get'),
    '#!/bin/sh\nfor word in "$@"; do [ "$word" = download ] && { echo "E: Failed to fetch: refused" >&2; exit 100; }; done\nexec /usr/bin/apt-get "$@"\n',
    { mode: 0o755 },
  );
  const out = join(folder.path, 'out');
  const refused = await mkma(['build', 'x', '--output', out, '--cache', cache], {
    env: { PATH: `${hooks}:${process.env.PATH}` },
  });
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /Failed to fetch: refused/);
  assert.deepEqual(
    readdirSync(join(cache, 'stages')).filter((name) => name.startsWith('packages-')),
    [],
  );
});
