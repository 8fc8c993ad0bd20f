/** Packages of the kernel, of its headers, of modules that dkms builds, and of another architecture: what gets into the tree. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { codeOf, type Ended, mkma, temporary } from '../cli/cli.js';
import { MODULES, writeDefinition } from '../cli/tiny-modules.js';

describe('packages of kernels, modules and other architectures', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const chroot = join(out, 'chroot');
  const build = (...args: string[]) => {
    const own = ['--config', join(folder.path, 'mkma.config.ts'), '--output', out];
    return mkma(['build', ...own, ...args]);
  };
  let made: Ended;
  before(async () => {
    writeDefinition(folder.path);
    made = await build();
    assert.equal(made.code, 0, made.stderr);
  });
  after(() => folder[Symbol.dispose]());

  /** The only folder of modules. */
  const modules = () => {
    const parent = join(chroot, 'usr/lib/modules');
    const names = readdirSync(parent);
    assert.equal(names.length, 1, names.join(' '));
    return { release: names[0] as string, path: join(parent, names[0] as string) };
  };

  test('there is one kernel: the one that dpkg knows, and nothing of it twice', () => {
    const { release } = modules();
    const status = readFileSync(join(chroot, 'var/lib/dpkg/status'), 'utf8');
    assert.ok(status.includes(`\nPackage: linux-image-${release}\n`));
    assert.deepEqual(readdirSync(join(chroot, 'boot')), []);
    for (const name of ['vmlinuz', 'vmlinuz.old', 'initrd.img', 'initrd.img.old']) {
      assert.equal(lstatSync(join(chroot, name), { throwIfNoEntry: false }), undefined, name);
    }
    const kernel = readFileSync(join(out, 'vmlinuz'));
    assert.ok(kernel.includes(release), 'the kernel names its release');
    assert.equal(readFileSync(join(chroot, 'etc/kernel-of-hooks'), 'utf8'), `${release}\n`);
  });

  test('modules of every origin are indexed, for early boot too; those of no hardware stay', () => {
    const { path, release } = modules();
    const dep = readFileSync(join(path, 'modules.dep'), 'utf8');
    for (const name of Object.values(MODULES)) assert.match(dep, new RegExp(`/${name}\\.ko(\\.xz)?:`));
    const early = readFileSync(join(out, `initramfs/usr/lib/modules/${release}/modules.dep`), 'utf8');
    assert.match(early, new RegExp(`/${MODULES.files}\\.ko:`));
    // The headers are there, and lead somewhere.
    assert.ok(existsSync(join(path, 'build/include')) || lstatSync(join(path, 'build')).isSymbolicLink());
  });

  test('modules are not signed, which is said, and no key of the build is in the image', () => {
    const names = Object.values(MODULES).sort();
    const [line = ''] = /^.*unsigned kernel modules.*$/m.exec(made.stderr) ?? [];
    for (const name of names) assert.ok(line.includes(name), made.stderr);
    const ours = ['etc/dkms/no-autoinstall', 'etc/dkms/framework.conf.d/mkma-unsigned.conf'];
    for (const path of ['var/lib/dkms/mok.key', 'var/lib/dkms/mok.pub', ...ours]) {
      assert.ok(!existsSync(join(chroot, path)), path);
    }
  });

  test('a package of another architecture is there, and dpkg goes on knowing that', () => {
    assert.equal(readFileSync(join(chroot, 'var/lib/dpkg/arch'), 'utf8'), 'amd64\narm64\n');
    assert.ok(existsSync(join(chroot, 'usr/lib/aarch64-linux-gnu/libc.so.6')));
    const show = ['--admindir', join(chroot, 'var/lib/dpkg'), '--status', 'libc6:arm64'];
    assert.match(execFileSync('dpkg-query', show, { encoding: 'utf8' }), /^Status: install ok installed$/m);
  });

  test('what dkms cannot build is a problem that shows what the compiler said', async () => {
    writeDefinition(folder.path, '#error of a test\n');
    const failed = await build('--json');
    assert.equal(failed.code, 1, failed.stderr);
    assert.equal(codeOf(failed), 'dkms-build-failed');
    const { error } = JSON.parse(failed.stdout);
    assert.equal(error.what, `dkms cannot build ${MODULES.files}/1.0`);
    assert.match(error.why, /error: #error of a test/);
  });
});
