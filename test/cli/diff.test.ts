/** `mkma diff`: what differs between two images is shown, what follows from packages is counted, times are apart. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { codeOf, type Ended, mkmaHere, temporary } from './cli.js';
import { packTree } from './pack.js';

const LISTS = 'var/lib/dpkg/info';

describe('mkma diff', () => {
  const folder = temporary();
  const tree = join(folder.path, 'tree');
  let count = 0;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
    utimesSync(join(tree, path), 1000, 1000);
  };
  const pack = async (name: string, packages: string): Promise<string> => {
    mkdirSync(join(folder.path, name));
    const file = join(folder.path, name, 'base.cpio.zst');
    await packTree(tree, file, join(folder.path, `scratch${count++}`), 1 << 20, undefined, packages);
    writeFileSync(join(folder.path, name, 'vmlinuz'), 'kernel');
    writeFileSync(join(folder.path, name, 'cmdline'), `mkma_storage_device=/dev/${name} quiet\n`);
    return file;
  };
  const diff = (...words: readonly string[]): Promise<Ended> => mkmaHere(['diff', ...words]);
  let [a, b, touched] = ['', '', ''];
  before(async () => {
    mkdirSync(tree);
    write('usr/bin/tool', 'one');
    write('usr/lib/tool.so', 'one');
    write('etc/tool.conf', 'x = 1');
    write('etc/own', 'mine');
    write('etc/secret', 'text');
    write('usr/bin/gone', 'gone');
    write(`${LISTS}/tool:amd64.list`, '/.\n/usr/bin/tool\n/lib/tool.so\n/etc/tool.conf\n');
    write(`${LISTS}/other.list`, '/usr/bin/gone\n');
    write('var/lib/dpkg/status', 'tool 1');
    symlinkSync('tool', join(tree, 'usr/bin/link'));
    a = await pack('a', 'other 5\ntool 1.0\n');
    utimesSync(join(tree, 'etc/own'), 2000, 2000);
    touched = await pack('touched', 'other 5\ntool 1.0\n');
    write('etc/own', 'mine');
    write('usr/bin/tool', 'two');
    write('usr/lib/tool.so', 'other');
    write(`${LISTS}/tool:amd64.md5sums`, 'sum');
    write('var/lib/dpkg/status', 'tool 2');
    write('etc/own', 'ours');
    chmodSync(join(tree, 'etc/secret'), 0o600);
    chownSync(join(tree, 'etc/secret'), 7, 8);
    rmSync(join(tree, 'usr/bin/gone'));
    rmSync(join(tree, `${LISTS}/other.list`));
    rmSync(join(tree, 'usr/bin/link'));
    symlinkSync('tool2', join(tree, 'usr/bin/link'));
    for (let i = 0; i < 100; i++) write(`srv/new${i}`, '');
    b = await pack('b', 'tool 2.0\n');
  });
  after(() => folder[Symbol.dispose]());

  test('the same content, and the same but for times, are the same: exit code 0', async () => {
    const same = await diff(a, a);
    assert.equal(same.code, 0, same.stderr);
    const times = await diff(a, touched);
    assert.equal(times.code, 0, times.stdout + times.stderr);
    assert.match(times.stdout, /the same, 1 time stamp aside/);
  });

  test('packages with the number of their files, and every other difference: exit code 1', async () => {
    const { code, stdout } = await diff(a, b);
    assert.equal(code, 1, stdout);
    for (const line of [
      '  - other 5: 2 files',
      '  ~ tool 1.0 -> 2.0: 3 files',
      '  1 file of the package database',
    ])
      assert.ok(stdout.split('\n').includes(line), `${line}\n${stdout}`);
    assert.match(stdout, /\/etc\/own: content$/m);
    assert.match(stdout, /\/etc\/secret: -rw-r--r-- -> -rw-------, owner 0:0 -> 7:8$/m);
    assert.match(stdout, /\/usr\/bin\/link: target tool -> tool2$/m);
    assert.match(stdout, /^ {2}\+ .*\/srv\/? \(100 below it\)$/m);
    assert.ok(!stdout.includes('/usr/bin/tool:') && !stdout.includes('/usr/bin/gone'), stdout);
    const all = await diff(a, b, '--all');
    assert.equal(all.stdout.match(/\/srv\/new/g)?.length, 100);
  });

  test('two folders: each file of the sets, but for where they lie', async () => {
    const sets = ['a', 'b'].map((name) => join(folder.path, name));
    const { code, stdout } = await diff(...sets, '--json');
    assert.equal(code, 1);
    const { same, parts } = JSON.parse(stdout) as { same: boolean; parts: { name: string; same: boolean }[] };
    assert.equal(same, false);
    assert.deepEqual(
      parts.map((part) => [part.name, part.same]),
      [
        ['base', false],
        ['kernel', true],
        ['command line', true],
      ],
    );
    const other = join(folder.path, 'c');
    cpSync(sets[0] ?? '', other, { recursive: true });
    writeFileSync(join(other, 'cmdline'), 'mkma_storage_device=/dev/a quiet nomodeset\n');
    writeFileSync(join(other, 'vmlinuz'), 'kernel 2');
    const changed = await diff(sets[0] ?? '', other);
    assert.equal(changed.code, 1);
    assert.match(changed.stdout, /^kernel differs$/m);
    assert.match(changed.stdout, /^ {2}parameters: quiet -> quiet nomodeset$/m);
    assert.match(changed.stdout, /^base: the same$/m);
  });

  test('trouble: exit code 2', async () => {
    const missing = await diff(a, join(folder.path, 'none'), '--json');
    assert.deepEqual([missing.code, codeOf(missing)], [2, 'image-missing']);
    const mixed = await diff(a, join(folder.path, 'b'), '--json');
    assert.deepEqual([mixed.code, codeOf(mixed)], [2, 'not-comparable']);
    const damaged = join(folder.path, 'damaged');
    writeFileSync(damaged, 'no image');
    assert.equal((await diff(a, damaged)).code, 2);
  });
});
