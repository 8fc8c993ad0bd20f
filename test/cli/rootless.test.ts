/** Building as a plain user: the same bytes as root's, in the same cache, and nothing left whatever ends it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultCache } from '../../src/host/cli/options.js';
import { readImage } from '../../src/host/set/images.js';
import { codeOf, type Ended, main, mkma, temporary } from './cli.js';
import { PlainUser, WHOLE } from './plain-user.js';
import { lastingProcessesOf } from './processes.js';
import { writeSmall } from './small.js';

/** An ACL that lets the user 1234 read (acl(5), as linux/posix_acl_xattr.h stores it): ids in it are mapped, too. */
const ACL = '0x0200000001000700ffffffff02000400d204000004000500ffffffff10000700ffffffff20000500ffffffff';

/** What a tree without real owners, bits and capabilities would get wrong; a function runs in mkma's own process. */
const HOOKS = `hooks: [
  { at: 'system', run: 'mkdir /srv/own && chown 65534:60000 /srv/own && install -m 6755 -o games -g mail /bin/true /srv/own/set-id && mkfifo -m 620 /srv/own/pipe && setcap cap_net_raw+ep /srv/own/set-id' },
  { at: 'system', run: async ({ run }) => { await run('chown', '1:2', '/srv'); } },
  { at: 'system', on: 'host', run: 'setfattr -n system.posix_acl_access -v ${ACL} "$MKMA_ROOT/srv"' },
]`;

/** What a build leaves besides the base. */
const OTHERS = ['initramfs.cpio.zst', 'packages.spdx.json', 'vmlinuz'];

/** Another place and language than the test's. */
const ELSEWHERE = { TZ: 'Asia/Kolkata', LANG: 'de_DE.UTF-8', LC_ALL: 'C' };

describe('a plain user builds', () => {
  const folder = temporary();
  const user = new PlainUser(folder.path);
  const cache = join(user.home, 'cache');
  const out = join(user.home, 'out');
  const rootOut = join(folder.path, 'root-out');
  const config = writeSmall(user.home, 'plain', "packages: ['kmod', 'libcap2-bin']", HOOKS);
  const epoch = ['--source-date-epoch', '1764500000'];
  const words = ['--config', config, '--cache', cache, ...epoch];
  const build = ['build', 'plain', ...words, '--output', out];

  before(() => {
    const kept = join(defaultCache(true, process.env), 'debs');
    mkdirSync(join(cache, 'debs'), { recursive: true });
    for (const name of existsSync(kept) ? readdirSync(kept).filter((each) => each.endsWith('.deb')) : [])
      copyFileSync(join(kept, name), join(cache, 'debs', name));
    user.own(user.home);
  });
  after(() => folder[Symbol.dispose]());

  function succeeded(ended: Ended): void {
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  }

  /** Entries of the cache that both share; unpacked trees have the owners of one of them. */
  function entries(): string[] {
    return readdirSync(join(cache, 'stages'))
      .filter((name) => !name.startsWith('lower-'))
      .sort();
  }

  /** Everything that boots, by its digest; the base's name tells the format. */
  function digests(output: string): Record<string, string> {
    const names = readdirSync(output).filter(
      (name) => !['.mkma', 'chroot', 'initramfs', 'cmdline'].includes(name),
    );
    const digest = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(output, name)))
        .digest('hex');
    return Object.fromEntries(names.sort().map((name) => [name, digest(name)]));
  }

  test('the same bytes as root, in both formats, and from the same cache', async () => {
    const strict = ['-c', 'umask 077; "$@"', 'sh', process.execPath, main];
    succeeded(await user.execute('sh', [...strict, ...build], { env: ELSEWHERE }));
    const fetched = entries();
    const asRoot = ['build', 'plain', ...words, '--output', rootOut];
    succeeded(await mkma(asRoot));
    assert.deepEqual(entries(), fetched, 'root made entries of its own');
    assert.deepEqual(Object.keys(digests(out)), ['base.cpio.zst', ...OTHERS]);
    assert.deepEqual(digests(out), digests(rootOut));
    succeeded(await user.mkma([...build, '--format', 'erofs']));
    succeeded(await mkma([...asRoot, '--format', 'erofs']));
    assert.deepEqual(Object.keys(digests(out)), ['base.erofs', ...OTHERS]);
    assert.deepEqual(digests(out), digests(rootOut));
    succeeded(await user.mkma(build));
    const ofRoot = execFileSync('find', [
      cache,
      '-name',
      'lower-*',
      '-prune',
      '-o',
      '-user',
      'root',
      '-print',
    ]).toString();
    assert.equal(ofRoot, '', 'root left files of its own in the cache of a user');
  });

  test('owners, device nodes, set-user-ID bits and capabilities are in the base', () => {
    const list = execFileSync('sh', [
      '-c',
      'zstd -dcq "$1" | cpio --quiet -tvn',
      'sh',
      join(out, 'base.cpio.zst'),
    ]);
    const line = (path: string): string =>
      list
        .toString()
        .split('\n')
        .filter((text) => text.endsWith(` ${path}`))
        .map((text) => text.replace(/\s+/g, ' ').replace(/ \w{3} \d+ +[\d:]+ /, ' '))
        .join('\n');
    assert.match(line('dev/null'), /^crw-rw-rw- 1 0 0 1, ?3 dev\/null$/);
    assert.match(line('dev/console'), /^crw-rw-rw- 1 0 0 5, ?1 dev\/console$/);
    assert.match(line('usr/bin/su'), /^-rwsr-xr-x 1 0 0 /);
    assert.match(line('srv'), /^drwx\S+ \d 1 2 /);
    assert.match(line('srv/own'), /^drwx\S+ \d 65534 60000 /);
    assert.match(line('srv/own/set-id'), /^-rwsr-sr-x 1 5 8 /);
    assert.match(line('srv/own/pipe'), /^prw--w---- /);
    const image = readImage(join(out, 'base.cpio.zst'));
    assert.ok(image.ok && image.value.manifest !== undefined);
    const found = new Map(image.value.manifest.attributes.map(({ path, values }) => [path, values]));
    // Version 2, as struct vfs_cap_data of linux/capability.h.
    const value = found.get('srv/own/set-id')?.['security.capability'] ?? '';
    const capability = Buffer.from(value, 'base64');
    assert.equal(capability.toString('hex'), '0100000200200000000000000000000000000000');
    const acl = Buffer.from(found.get('srv')?.['system.posix_acl_access'] ?? '', 'base64');
    assert.equal(`0x${acl.toString('hex')}`, ACL);
  });

  test('a shell in chroot/ is root there; what it changes is packed', async () => {
    const shell = (script: string) => user.mkma(['shell', '--output', out, 'sh', '-c', script]);
    const did = await shell(
      'id -u; echo x >/dev/null; echo edited >/etc/edited; chown 7:8 /etc/edited; exit 3',
    );
    assert.equal(did.code, 3, did.stderr);
    assert.equal(did.stdout.trim(), '0');
    succeeded(await user.mkma(build));
    const list = execFileSync('sh', [
      '-c',
      'zstd -dcq "$1" | cpio --quiet -tvn etc/edited dev/null',
      'sh',
      join(out, 'base.cpio.zst'),
    ]).toString();
    assert.match(list, /^-rw-r--r-- +1 7 +8 .* etc\/edited$/m);
    assert.match(list, /^crw-rw-rw- .* dev\/null$/m);
    succeeded(await user.mkma([...build, '--discard-edits']));
  });

  test('what mkma made belongs to the user', () => {
    for (const name of ['base.cpio.zst', 'cmdline', 'chroot', 'initramfs', '.mkma/state.json', '.mkma/lock'])
      assert.equal(statSync(join(out, name)).uid, statSync(user.home).uid, name);
  });

  test('interrupted and killed, nothing goes on, and the next build gives the same bytes', async () => {
    const whole = digests(out);
    const mounts = readFileSync('/proc/mounts', 'utf8');
    const moments: [RegExp, NodeJS.Signals, number | null][] = [
      [/^system: customising: start/m, 'SIGKILL', null],
      [/^system: start/m, 'SIGINT', 130],
      [/^base: start/m, 'SIGKILL', null],
    ];
    for (const [when, signal, code] of moments) {
      let sent = false;
      const other = ['build', 'other', ...build.slice(2), '--verbose'];
      const ended = await user.mkma(other, {
        onStderr: (text, child) => {
          if (!sent && when.test(text)) sent = child.kill(signal);
        },
      });
      assert.ok(sent, ended.stderr);
      assert.equal(ended.code, code, ended.stderr);
      assert.deepEqual(await lastingProcessesOf(folder.path), []);
      assert.equal(readFileSync('/proc/mounts', 'utf8'), mounts);
    }
    succeeded(await user.mkma(['build', 'other', ...build.slice(2)]));
    succeeded(await user.mkma(build));
    const scratch = [join(out, '.mkma'), join(cache, 'tmp'), join(cache, 'stages')].flatMap((path) =>
      readdirSync(path),
    );
    assert.deepEqual(
      scratch.filter((name) => name.startsWith('scratch-')),
      [],
    );
    assert.deepEqual(digests(out), whole);
  });

  test('what belongs to others is refused by name: trees of root and of users, a cache, ids', async () => {
    const code = async (ended: Promise<Ended>): Promise<string> => codeOf(await ended);
    const json = [...build, '--json'];
    // Root's numbers are not those of the user.
    assert.equal(await code(mkma(json)), 'tree-of-other-user');
    mkdirSync(join(user.home, 'of-root'));
    execFileSync('cp', ['--archive', rootOut, join(user.home, 'of-root')]);
    const mixed = join(user.home, 'of-root/root-out');
    execFileSync('chown', [
      String(statSync(user.home).uid),
      mixed,
      join(mixed, '.mkma'),
      join(mixed, '.mkma/lock'),
    ]);
    const there = [...json.slice(0, -3), '--output', mixed, '--json'];
    assert.equal(await code(user.mkma(there)), 'tree-of-other-user');
    user.give(WHOLE.replace(/:(\d+):/, (_, start) => `:${Number(start) + 100_000}:`));
    assert.equal(await code(user.mkma(json)), 'tree-of-other-user');
    user.give(WHOLE.replace(/\d+$/, '1000'));
    assert.equal(await code(user.mkma(json)), 'too-few-subordinate-ids');
    user.give(WHOLE);
    const foreign = [
      'build',
      'plain',
      '--config',
      config,
      ...epoch,
      '--output',
      join(user.home, 'new'),
      '--json',
    ];
    mkdirSync(join(user.home, 'of-root/cache'));
    const refused = await user.mkma([...foreign, '--cache', join(user.home, 'of-root/cache')]);
    assert.equal(codeOf(refused), 'cache-folder-unusable');
    assert.match(JSON.parse(refused.stdout).error.why, /belongs to root/);
    const beyond = join(user.home, 'beyond');
    mkdirSync(beyond);
    writeSmall(beyond, 'plain', "files: { '/srv/x': { content: '', owner: '70000:0' } }");
    const far = ['build', 'plain', '--config', join(beyond, 'mkma.config.ts'), '--cache', cache];
    assert.equal(
      await code(user.mkma([...far, '--output', join(user.home, 'far'), '--json'])),
      'id-out-of-range',
    );
  });

  test('a hook that makes a device node fails with what a build without root cannot do', async () => {
    const own = join(user.home, 'node');
    mkdirSync(own);
    writeSmall(
      own,
      'plain',
      "packages: ['kmod', 'libcap2-bin']",
      "hooks: [{ at: 'system', run: 'mknod /srv/x c 1 3' }]",
    );
    user.own(own);
    const ended = await user.mkma([
      'build',
      ...words,
      '--config',
      join(own, 'mkma.config.ts'),
      '--output',
      join(own, 'out'),
      '--json',
    ]);
    assert.equal(codeOf(ended), 'hook-failed');
    assert.match(JSON.parse(ended.stdout).error.next, /without root: it cannot make device nodes/);
  });

  test('two ranges are one; images are read, and doctor asked, without any', async () => {
    const [name = '', start = ''] = WHOLE.split(':');
    user.give(`${name}:${start}:1000`, `${statSync(user.home).uid}:${Number(start) + 1000}:64536`);
    const same = await user.mkma([...build, '--json']);
    succeeded(same);
    assert.equal(JSON.parse(same.stdout).changed, false);
    user.give();
    succeeded(await user.mkma(['inspect', join(out, 'base.cpio.zst')]));
    const doctor = await user.mkma(['doctor', '--json']);
    const { withoutRoot } = JSON.parse(doctor.stdout);
    assert.deepEqual([withoutRoot.possible, withoutRoot.problem.code], [false, 'no-subordinate-ids']);
    user.give(WHOLE);
    assert.deepEqual(JSON.parse((await user.mkma(['doctor', '--json'])).stdout).withoutRoot, {
      possible: true,
    });
  });

  test('root of a container with enough users builds the same', async () => {
    const there = join(user.home, 'contained');
    const inside = ['--user', '--map-root-user', '--map-auto', process.execPath, main];
    succeeded(await user.execute('unshare', [...inside, 'build', 'plain', ...words, '--output', there]));
    assert.deepEqual(digests(there), digests(out));
  });

  test('mkma clean removes what only the namespace can, also after SIGKILL', async () => {
    let sent = false;
    await user.mkma(['build', 'other', ...build.slice(2), '--verbose'], {
      onStderr: (text, child) => {
        if (!sent && /^system: customising: start/m.test(text)) sent = child.kill('SIGKILL');
      },
    });
    assert.ok(sent);
    assert.deepEqual(await lastingProcessesOf(folder.path), []);
    const scratch = () => readdirSync(join(out, '.mkma')).filter((name) => name.startsWith('scratch-'));
    assert.equal(scratch().length, 1);
    const all = ['--images', '--unused', '0', '--discard-edits', '--yes'];
    succeeded(await user.mkma(['clean', '--output', out, '--cache', cache, ...all]));
    assert.deepEqual(scratch(), []);
    for (const name of ['chroot', 'initramfs', 'base.cpio.zst', 'vmlinuz'])
      assert.ok(!existsSync(join(out, name)), name);
    // Root's own trees are for root to remove.
    const left = readdirSync(join(cache, 'stages'));
    assert.deepEqual(
      left.filter((name) => !name.startsWith('lower-') || statSync(join(cache, 'stages', name)).uid !== 0),
      [],
    );
  });
});
