/** What the caller's environment holds changes nothing of what is built: real tools, a small tree, all the variables at once. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { planArchive } from '../../src/core/image/archive-plan.js';
import { runHooks } from '../../src/host/customise/hooks.js';
import type { MachineConfig } from '../../src/host/definition/machine.js';
import { packInitramfs } from '../../src/host/initramfs/pack.js';
import { scanTree } from '../../src/host/pack/scan.js';
import { unpackTree } from '../../src/host/steps/unpack-tree.js';
import { temporary } from './cli.js';
import { packTree } from './pack.js';
import { describeTree, makeOddTree } from './tree.js';

/** Variables that programs of a build read, with values that change what these do. */
const POISON: Readonly<Record<string, string>> = {
  // tar(1): all files would be root's, with times of the build.
  ...{ TAR_OPTIONS: '--no-same-owner --no-same-permissions --touch', TAPE: '/dev/null' },
  // zstd(1), gzip(1), xz(1)
  ...{ ZSTD_CLEVEL: '19', ZSTD_NBTHREADS: '4', GZIP: '-9', XZ_OPT: '-0', XZ_DEFAULTS: '--memlimit=1' },
  // locale(7), and what programs take for their manners
  ...{ LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de', POSIXLY_CORRECT: '1', TZ: 'Pacific/Auckland' },
  ...{ QUOTING_STYLE: 'shell', BLOCK_SIZE: '1' },
  // find(1) refuses to run.
  FIND_BLOCK_SIZE: '1',
  // sh(1), bash(1), make(1), perl(1), git(1)
  ...{ BASH_ENV: '/nonexistent', ENV: '/nonexistent', CDPATH: '/', MAKEFLAGS: '-n', GIT_DIR: '/nonexistent' },
  ...{ PERL5OPT: '-Mnone', PERL5LIB: '/nonexistent' },
  // dpkg(1), apt(8), debconf(7)
  ...{ DPKG_ROOT: '/nonexistent', DPKG_ADMINDIR: '/nonexistent', DPKG_FORCE: 'all', DEBIAN_PRIORITY: 'low' },
  APT_CONFIG: '/nonexistent',
  // mke2fs(8), the dynamic linker, reproducible builds
  ...{
    MKE2FS_CONFIG: '/nonexistent',
    E2FSPROGS_FAKE_TIME: '1',
    LD_PRELOAD: '/nonexistent.so',
    SOURCE_DATE_EPOCH: '1',
  },
};

/** With those variables set in this process, which programs would be started with. */
async function poisoned<T>(work: () => Promise<T>): Promise<T> {
  const own = { ...process.env };
  Object.assign(process.env, POISON);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(POISON)) delete process.env[name];
    Object.assign(process.env, own);
  }
}

describe('a tree that is unpacked and packed', () => {
  const folder = temporary();
  const tarball = join(folder.path, 'tree.tar.zst');
  const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  let count = 0;
  const pass = async () => {
    const work = join(folder.path, String(count++));
    const root = join(work, 'root');
    mkdirSync(root, { recursive: true });
    const { signal } = new AbortController();
    const done = await unpackTree(tarball, root, signal);
    assert.ok(done.ok, JSON.stringify(done));
    const [base, initramfs] = [join(work, 'base'), join(work, 'initramfs')];
    await packTree(root, base, join(work, 'scratch'), 2 ** 20);
    const tree = await scanTree(root);
    assert.ok(tree.ok);
    const plan = planArchive(tree.value.entries, tree.value.devices);
    assert.ok(plan.ok);
    const packed = await packInitramfs({ root, plan: plan.value, level: 3, threads: 2, target: initramfs });
    assert.ok(packed.ok, JSON.stringify(packed));
    return { root, base: digest(base), initramfs: digest(initramfs) };
  };
  before(() => {
    const source = join(folder.path, 'source');
    makeOddTree(source);
    const words = ['-c', '--zstd', '--numeric-owner', '-f', tarball, '-C', source, '.'];
    execFileSync('tar', words, { stdio: 'ignore' });
  });
  after(() => folder[Symbol.dispose]());

  test('is the same, byte for byte, whatever variables are set', async () => {
    const clean = await pass();
    const got = await poisoned(pass);
    assert.deepEqual(describeTree(got.root), describeTree(clean.root));
    assert.equal(got.base, clean.base, 'base');
    assert.equal(got.initramfs, clean.initramfs, 'initramfs');
  });

  test('a hook on this host finds a clean environment, with the proxies that a build uses', async () => {
    const machine = {
      hooks: [{ at: 'system', on: 'host', run: `env > ${join(folder.path, 'seen')}` }],
    } as unknown as MachineConfig;
    const place = {
      root: folder.path,
      output: folder.path,
      kernel: '6.12.0-none',
      fetching: { http_proxy: 'http://proxy.invalid:1' },
    };
    const context = { emit: () => undefined, signal: new AbortController().signal };
    const done = await poisoned(() => runHooks('system', machine, place, context));
    assert.ok(done.ok, JSON.stringify(done));
    const seen = readFileSync(join(folder.path, 'seen'), 'utf8');
    const names = [...seen.matchAll(/^(\w+)=/gm)].map(([, name]) => name as string);
    // TMPDIR, SSH_AUTH_SOCK and SUDO_* where whoever runs this test has them.
    const allowed =
      /^(PATH|HOME|LC_ALL|PWD|OLDPWD|SHLVL|_|TMPDIR|SSH_AUTH_SOCK|SUDO_\w+|MKMA_(ROOT|OUTPUT|KERNEL)|http_proxy)$/;
    assert.deepEqual(
      names.filter((name) => !allowed.test(name)),
      [],
    );
    assert.match(seen, /^http_proxy=http:\/\/proxy\.invalid:1$/m);
    assert.match(seen, /^LC_ALL=C\.UTF-8$/m);
  });
});
