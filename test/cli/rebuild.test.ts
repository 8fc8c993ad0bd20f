/** Building again: nothing without a reason, the reason told, edits made by hand never lost. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execute, mkma, mkmaHere, temporary } from './cli.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

describe('one output folder, build after build', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const chroot = join(out, 'chroot');
  // As under sudo: the outputs are to belong to the calling user.
  const caller = { SUDO_UID: '65533', SUDO_GID: '65532' };
  // What takes long to pack and is not what this is about.
  const small = ['--without', 'docs,locales', '--output', out];
  let level = '1';
  const words = (name: string): string[] => ['build', name, ...small, '--compression-level', level];
  const build = (...more: string[]) => mkmaHere([...words('first'), ...more], { env: caller });
  /** Stages that a build ran, out of its plain lines. */
  const ran = (stderr: string): string[] =>
    [...stderr.matchAll(/^(\w+): start(?:: (.*))?$/gm)]
      // The list of packages follows from the base.
      .filter((match) => match[1] !== 'sbom')
      .map((match) => `${match[1]}: ${match[2]}`);
  const ids = async (): Promise<string> =>
    JSON.parse((await mkmaHere(['inspect', join(out, 'base.cpio.zst'), '--json'])).stdout).manifest.id;

  before(async () => {
    const got = await mkma(words('first'), { env: caller });
    assert.equal(got.code, 0, got.stderr);
  });
  after(() => folder[Symbol.dispose]());

  test('leaves what the contract lists, and nothing else', () => {
    assert.deepEqual(readdirSync(out).sort(), [
      '.mkma',
      'base.cpio.zst',
      'chroot',
      'cmdline',
      'initramfs',
      'initramfs.cpio.zst',
      'packages.spdx.json',
      'vmlinuz',
    ]);
    assert.deepEqual(readdirSync(join(out, '.mkma')).sort(), [
      'definition.json',
      'lock',
      'logs',
      'state.json',
      'tree.json',
    ]);
    assert.equal(readFileSync(join(chroot, 'etc/hostname'), 'utf8'), 'first\n');
  });

  test('the index of the modules is what depmod makes of them, though a cache had it', async () => {
    const modules = join(chroot, 'usr/lib/modules');
    const [release] = readdirSync(modules) as [string];
    // One after another, each as its file has it.
    const dep = readFileSync(join(modules, release, 'modules.dep'), 'utf8');
    assert.ok(dep.length > 100_000);
    const indexed = [...dep.matchAll(/^([^:\n]+):/gm)].map((match) => match[1]).sort();
    const there = execFileSync('find', ['.', '-name', '*.ko*', '-printf', '%P\\n'], {
      ...{ cwd: join(modules, release), encoding: 'utf8', maxBuffer: 2 ** 26 },
    });
    assert.deepEqual(indexed, there.trimEnd().split('\n').sort());
    // It reads all of the modules: the long suite has it.
    if (process.env.MKMA_TEST_LONG !== '1') return;
    const made = await execute('chroot', [chroot, 'depmod', '--dry-run', release]);
    assert.equal(made.code, 0, made.stderr);
    assert.ok(made.stdout.startsWith(dep));
  });

  test('the outputs belong to the user behind sudo, the trees keep their owners', () => {
    for (const name of [
      '',
      '.mkma',
      '.mkma/lock',
      '.mkma/state.json',
      'base.cpio.zst',
      'initramfs.cpio.zst',
      'vmlinuz',
      'cmdline',
    ]) {
      const { uid, gid } = statSync(join(out, name));
      assert.deepEqual([uid, gid], [65533, 65532], name);
    }
    for (const name of ['chroot', 'chroot/etc/hostname', 'initramfs', 'initramfs/init']) {
      assert.equal(statSync(join(out, name)).uid, 0, name);
    }
  });

  test('the result is JSON on stdout when asked for, events are JSON lines on stderr', async () => {
    const got = await build('--json');
    const value = JSON.parse(got.stdout);
    assert.equal(value.changed, false);
    assert.equal(value.output, out);
    assert.equal(`${value.cmdline}\n`, readFileSync(join(out, 'cmdline'), 'utf8'));
    for (const line of got.stderr.trim().split('\n').filter(Boolean))
      assert.ok('type' in JSON.parse(line), line);
  });

  test('keeps what must not be in a base out of it', () => {
    assert.equal(statSync(join(chroot, 'etc/machine-id')).size, 0);
    assert.deepEqual(readdirSync(join(chroot, 'boot')), []);
    assert.deepEqual(readdirSync(join(chroot, 'var/cache/apt')), ['archives']);
    assert.deepEqual(readdirSync(join(chroot, 'var/cache/apt/archives')), ['partial']);
    assert.deepEqual(readdirSync(join(chroot, 'var/lib/apt/lists')), ['partial']);
    // Node's own recursion follows links, which lead out of the tree.
    const names = execFileSync('find', ['.'], { cwd: chroot, encoding: 'utf8', maxBuffer: 2 ** 26 }).split(
      '\n',
    );
    assert.ok(names.length > 5000);
    assert.deepEqual(
      names.filter((name) => /(^|\/)initrd\.img|ssh_host_.*key|\.deb$/.test(name)),
      [],
    );
    assert.match(readFileSync(join(chroot, 'etc/shadow'), 'utf8'), /^root:!/m);
    const sources = readFileSync(join(chroot, 'etc/apt/sources.list.d/debian.sources'), 'utf8');
    assert.deepEqual(
      [...sources.matchAll(/^URIs: (.*)$/gm)].map((match) => match[1]),
      ['http://deb.debian.org/debian', 'http://deb.debian.org/debian-security'],
    );
    assert.ok(!existsSync(join(chroot, 'etc/apt/sources.list')));
  });

  test('nothing changed: said so, nothing touched', async () => {
    const stamp = statSync(join(out, 'base.cpio.zst')).mtimeMs;
    const got = await build();
    assert.equal(got.code, 0);
    assert.match(got.stdout, /^nothing changed since \d{4}-\d\d-\d\d \d\d:\d\d UTC: /);
    assert.deepEqual(ran(got.stderr), []);
    assert.equal(statSync(join(out, 'base.cpio.zst')).mtimeMs, stamp);
  });

  test('a changed option runs what depends on it, and says why', async () => {
    // The tests after this one stay with it.
    level = '2';
    const got = await build();
    assert.deepEqual(ran(got.stderr), [
      'initramfs: changed: compression level (1 -> 2)',
      'base: changed: compression level (1 -> 2)',
    ]);
    assert.deepEqual(ran((await build()).stderr), []);
  });

  test('a missing or changed file is made again', async () => {
    rmSync(join(out, 'initramfs.cpio.zst'));
    writeFileSync(join(out, 'base.cpio.zst'), 'x', { flag: 'a' });
    const got = await build();
    assert.deepEqual(ran(got.stderr), [
      'initramfs: initramfs.cpio.zst is missing or was changed',
      'base: base.cpio.zst is missing or was changed',
    ]);
  });

  test('an edit in chroot/ is packed, and said; even one that keeps size and time', async () => {
    const before = await ids();
    const file = join(chroot, 'etc/hosts');
    const { atimeMs, mtimeMs } = lstatSync(file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('localhost', 'LOCALHOST'));
    const touched = await execute('touch', ['-d', `@${mtimeMs / 1000}`, file]);
    assert.equal(touched.code, 0, `${atimeMs}`);
    const got = await build();
    assert.match(got.stderr, /^chroot\/ was edited by hand and is packed as it is; changed: \/etc\/hosts$/m);
    assert.deepEqual(ran(got.stderr), ['base: changed: chroot/']);
    // The segment with the file; folders have kept their times.
    const [, kept, all] = /^base: done .*; (\d+) of (\d+) segments unchanged$/m.exec(got.stderr) ?? [];
    assert.equal(Number(kept), Number(all) - 1, got.stderr);
    assert.notEqual(await ids(), before);
    const again = await build();
    assert.deepEqual(ran(again.stderr), []);
  });

  test('an edit is never overwritten without being told to', async () => {
    const refused = await mkmaHere(words('second'));
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /error: chroot\/ was edited by hand and would be overwritten: .*chroot \[chroot-edited\]\n/,
    );
    assert.match(
      refused.stderr,
      /why: it has to be built again \(changed: files \(\/etc\/hostname, \/etc\/hosts\), hostname \(first -> second\)\); changed: \/etc\/hosts\n/,
    );
    assert.match(refused.stderr, /next: .*--discard-edits/);
    assert.match(readFileSync(join(chroot, 'etc/hosts'), 'utf8'), /LOCALHOST/);
    const dropped = await mkmaHere([...words('second'), '--discard-edits']);
    assert.equal(dropped.code, 0, dropped.stderr);
    assert.equal(readFileSync(join(chroot, 'etc/hostname'), 'utf8'), 'second\n');
    assert.doesNotMatch(readFileSync(join(chroot, 'etc/hosts'), 'utf8'), /LOCALHOST/);
  });

  test('mkma shell runs in chroot/, leaves no mount, and says when the tree is edited', async () => {
    const mounts = readFileSync('/proc/mounts', 'utf8');
    const hello = await mkma([
      'shell',
      '--output',
      out,
      '--',
      'sh',
      '-c',
      'cat /etc/hostname; ls -d /proc/self; exit 7',
    ]);
    assert.equal(hello.code, 7, hello.stderr);
    assert.equal(hello.stdout, 'second\n/proc/self\n');
    assert.doesNotMatch(hello.stderr, /edited/);
    const edit = await mkma(['shell', '--output', out, 'touch', '/etc/edited']);
    assert.match(edit.stderr, /chroot\/ was edited; the next mkma build packs it as it is/);
    assert.equal(readFileSync('/proc/mounts', 'utf8'), mounts);
    assert.ok(existsSync(join(chroot, 'etc/edited')));
  });
});
