/** `mkma generations` on the host: sets beside each other, whole or absent, and boot entries that follow. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { BASE, imageFile, kernelOf } from '../unit/core/sample.js';
import { codeOf, execute, main, mkmaHere, temporary } from './cli.js';
import { Stock, stockUp } from './layers-stock.js';

const folder = temporary();
after(() => folder[Symbol.dispose]());
const images = join(folder.path, 'copy');
const root = join(folder.path, 'root');
const grub = join(root, 'boot/grub/custom.cfg');
mkdirSync(join(folder.path, 'stock'));
const stock = new Stock(join(folder.path, 'stock'));
await stockUp(stock);

beforeEach(() => {
  for (const path of [images, root]) rmSync(path, { recursive: true, force: true });
  cpSync(stock.images, images, { recursive: true });
  writeFileSync(join(images, 'vmlinuz'), 'kernel');
  writeFileSync(join(images, 'initramfs.cpio.zst'), 'initramfs');
  writeFileSync(join(images, 'cmdline'), 'mkma_storage_device=UUID=1 mkma_images_path=/x quiet\n');
  mkdirSync(join(images, '.mkma'));
  mkdirSync(join(root, 'boot/grub'), { recursive: true });
  writeFileSync(join(root, 'boot/grub/grub.cfg'), 'source $prefix/custom.cfg\n');
});

/** What a command prints, as it went well. */
async function told(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await mkmaHere([...args, '--output', images]);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function refused(...args: string[]): Promise<string> {
  const before = readdirSync(images, { recursive: true }).sort();
  const { code, stdout, stderr } = await mkmaHere([...args, '--output', images]);
  assert.deepEqual([code, stdout], [1, ''], stderr);
  assert.deepEqual(readdirSync(images, { recursive: true }).sort(), before);
  return stderr;
}

/** Other images beside the generations, as a build leaves them. */
async function rebuilt(text: string): Promise<void> {
  rmSync(join(images, 'base.cpio.zst'));
  await stock.pack('other', `mkdir etc; echo ${text} >etc/hosts; echo ${text} >etc/only`);
  cpSync(stock.file('other'), join(images, 'base.cpio.zst'));
  rmSync(stock.file('other'));
}

const WHERE = ['--storage-device', 'UUID=1234-ABCD', '--images-path', '/srv/images'];
const written = (): Promise<string> => told('boot-entry', '--root', root, ...WHERE, '--write');
const titles = (text: string): string[] => text.match(/menuentry '.*?' --id \S+/g) ?? [];

test('add: hard links of what is there, layers along; the same images are no second one; a new base shares the rest', async () => {
  assert.equal(await told('generations', 'add'), 'made generation 1\n');
  const first = join(images, 'generations/1');
  for (const name of ['base.cpio.zst', 'vmlinuz', 'initramfs.cpio.zst'])
    assert.equal(statSync(join(first, name)).ino, statSync(join(images, name)).ino, name);
  assert.equal(readdirSync(first).filter((name) => name.startsWith('persistence.')).length, 3);
  // Where this test runs, machines cannot boot from: what is the machine's own stays.
  assert.match(readFileSync(join(first, 'cmdline'), 'utf8'), /(^| )quiet\n$/);
  assert.match(await told('generations', 'add'), /^generation 1 has these images already$/m);
  // A kernel built again with the same bytes.
  rmSync(join(images, 'vmlinuz'));
  writeFileSync(join(images, 'vmlinuz'), 'kernel');
  await rebuilt('new');
  writeFileSync(join(first, 'persistence.later.cpio.zst'), readFileSync(stock.file('hand')));
  assert.match(await told('generations', 'add'), /^made generation 2$/m);
  const second = join(images, 'generations/2');
  assert.equal(statSync(join(second, 'vmlinuz')).ino, statSync(join(first, 'vmlinuz')).ino);
  assert.ok(
    existsSync(join(second, 'persistence.later.cpio.zst')),
    'the layers are the default generation’s',
  );
  rmSync(join(images, 'vmlinuz'));
  writeFileSync(join(images, 'vmlinuz'), 'another');
  assert.match(await told('generations', 'add', '--no-layers'), /^made generation 3$/m);
  assert.deepEqual(readdirSync(join(images, 'generations/3')).sort(), [
    ...['base.cpio.zst', 'cmdline', 'initramfs.cpio.zst', 'vmlinuz'],
  ]);
  const list = JSON.parse(await told('generations', 'list', '--json')).generations;
  assert.deepEqual(
    list.map(({ number, isDefault, layers }: { number: number; isDefault: boolean; layers: string[] }) => [
      ...[number, isDefault, layers.length],
    ]),
    [
      [3, true, 0],
      [2, false, 4],
      [1, false, 4],
    ],
  );
});

test('diff: layers and files; times alone are counted', async () => {
  await told('generations', 'add');
  await rebuilt('new');
  await told('generations', 'add', '--no-layers');
  const text = await told('generations', 'diff', '1', '2');
  assert.match(text, /^- layer 20260101_000000_first$/m);
  assert.match(text, /^~ .* \/etc\/hosts: /m);
  assert.match(text, /^\+ .* \/etc\/only$/m);
  assert.match(await told('generations', 'diff', '2', '2'), /^generations 2 and 2 do not differ$/m);
  assert.match(await told('generations', 'show', '1'), /^ {2}layer 20260101_000000_first$/m);
});

test('entries: the newest first, one for each that is whole; they follow use and drop, and the default keeps its id', async () => {
  await told('generations', 'add');
  await rebuilt('new');
  await told('generations', 'add');
  await written();
  const entry = (number: number, id: string): RegExp =>
    new RegExp(`^menuentry 'odd, generation ${number} \\(mkma, in RAM\\)' --id ${id}$`);
  const now = (): string[] => titles(readFileSync(grub, 'utf8'));
  assert.match(now()[0] as string, entry(2, 'mkma-odd'));
  assert.match(now()[1] as string, entry(1, 'mkma-odd\\.1'));
  assert.match(
    readFileSync(grub, 'utf8'),
    /linux \/srv\/images\/generations\/2\/vmlinuz mkma_storage_device=UUID=1234-ABCD mkma_images_path=\/srv\/images\/generations\/2 quiet\n/,
  );
  assert.match(
    await told('generations', 'use', '1'),
    /^generation 1 is the default now\nwrote the entry to /,
  );
  assert.match(now()[0] as string, entry(2, 'mkma-odd\\.2'));
  assert.match(now()[1] as string, entry(1, 'mkma-odd'));
  assert.match(await told('generations', 'drop', '2'), /^dropped generation 2\nwrote the entry to /);
  assert.equal(now().length, 1);
  assert.match(now()[0] as string, entry(1, 'mkma-odd'));
  assert.deepEqual(readdirSync(join(images, 'generations')).sort(), ['1', 'default']);
  // One without a kernel is left out, and named.
  writeFileSync(join(images, 'vmlinuz.new'), 'another');
  await rebuilt('newer');
  await told('generations', 'add');
  rmSync(join(images, 'generations/2/vmlinuz'));
  const { stderr } = await mkmaHere([...['boot-entry', '--root', root, ...WHERE, '--write'], '-o', images]);
  assert.match(
    stderr,
    /^warning: generation 2 is not complete \[generation-incomplete\]\n +why: it has no vmlinuz$/m,
  );
  assert.equal(now().length, 1);
  assert.match(await refused('generations', 'use', '2'), /^error: generation 2 cannot be booted /);
});

test('an entry that cannot be removed keeps its generation', async () => {
  await told('generations', 'add');
  await rebuilt('new');
  await told('generations', 'add');
  await written();
  const text = readFileSync(grub, 'utf8');
  writeFileSync(grub, text.replace('### END mkma-odd ###', ''));
  assert.match(
    await refused('generations', 'drop', '1'),
    /^error: mkma's part of GRUB's configuration was edited/,
  );
  writeFileSync(grub, text);
  await told('generations', 'drop', '1');
});

test('systemd-boot: a file for each, in order of their versions; what no entry loads any more goes', async () => {
  const esp = join(folder.path, 'esp');
  rmSync(esp, { recursive: true, force: true });
  mkdirSync(esp);
  await told('generations', 'add');
  writeFileSync(join(images, 'vmlinuz'), 'another');
  rmSync(join(images, 'vmlinuz'));
  writeFileSync(join(images, 'vmlinuz'), 'the second');
  await told('generations', 'add');
  const args = ['boot-entry', '--root', root, '--esp', esp, ...WHERE, '--write'];
  await told(...args);
  const entries = join(esp, 'loader/entries');
  assert.deepEqual(readdirSync(entries).sort(), ['mkma-odd.1.conf', 'mkma-odd.conf']);
  assert.match(readFileSync(join(entries, 'mkma-odd.conf'), 'utf8'), /^sort-key mkma-odd\nversion 2$/m);
  const copies = join(esp, 'mkma/odd');
  assert.equal(readdirSync(copies).length, 2);
  assert.match(await told('generations', 'drop', '1'), /removed the entry of a dropped generation: /);
  assert.deepEqual(readdirSync(entries), ['mkma-odd.conf']);
  assert.equal(readdirSync(copies).length, 1);
});

test('pinned, default: not dropped; what a killed run left is cleared', async () => {
  await told('generations', 'add');
  await rebuilt('new');
  await told('generations', 'add');
  await told('generations', 'pin', '1');
  assert.match(await told('generations', 'list'), /^1 .* pinned$/m);
  assert.match(
    await refused('generations', 'drop', '1'),
    /why: it is pinned\n +next: mkma generations unpin 1$/m,
  );
  assert.match(await refused('generations', 'drop', '2'), /why: it is the default$/m);
  assert.match(await refused('generations', 'drop', '9'), /why: there are: 2, 1$/m);
  await told('generations', 'unpin', '1');
  mkdirSync(join(images, 'generations/.new-3'));
  writeFileSync(join(images, 'generations/.new-3/base.cpio.zst'), 'half');
  await told('generations', 'drop', '1');
  assert.deepEqual(readdirSync(join(images, 'generations')), ['2']);
  assert.match(await told('generations', 'use', '2'), /^generation 2 is the default now$/m);
});

test('a folder without any says how to make one', async () => {
  assert.match(await told('generations', 'list'), /^no generations: mkma build --generation, /);
  assert.match(await refused('generations', 'show', '1'), /next: make one: mkma build --generation, /);
});

test('images that are symlinks become files of the generation', async () => {
  renameSync(join(images, 'vmlinuz'), join(images, 'kernel'));
  symlinkSync('kernel', join(images, 'vmlinuz'));
  await told('generations', 'add');
  assert.ok(lstatSync(join(images, 'generations/1/vmlinuz')).isFile());
});

test('a build with another hostname keeps the name of the entries, so that none is left behind', async () => {
  await told('generations', 'add');
  await written();
  const other = join(images, 'base.cpio.zst');
  rmSync(other);
  writeFileSync(other, imageFile({ ...BASE, name: 'other' }));
  await told('generations', 'add');
  const now = (): string[] => titles(readFileSync(grub, 'utf8'));
  assert.match(
    now().join('\n'),
    /^menuentry 'other, generation 2 .*' --id mkma-odd\nmenuentry 'odd, generation 1 .*' --id mkma-odd\.1$/,
  );
  await told('generations', 'drop', '1');
  assert.match(now().join('\n'), /^menuentry 'other, generation 2 .*' --id mkma-odd$/);
});

/** Runs a command ($3...) with the generations of $1 on a file system of their own, of size $2. */
const APART = 'mkdir -p "$1/generations"; mount -t tmpfs -o "size=$2" t "$1/generations"; shift 2; exec "$@"';

test('where hard links are not possible files are copied, if there is room', async () => {
  writeFileSync(join(images, 'vmlinuz'), Buffer.alloc(2 ** 21, 'kernel'));
  const add = (size: string) => {
    const command = [process.execPath, main, 'generations', 'add', '--output', images];
    const shell = ['sh', '-e', '-c', APART, 'sh', images, size, ...command];
    return execute('unshare', ['--mount', '--propagation', 'private', ...shell]);
  };
  const full = await add('1m');
  assert.equal(full.code, 1, full.stdout);
  assert.match(full.stderr, /\[generation-no-room\]\n +why: .* takes 2\.0\d MiB; 1\.0\d? MiB are free$/m);
  const copied = await add('8m');
  assert.match(
    copied.stdout,
    /^made generation 1, 2\.0\d MiB of it copied, since hard links are not possible there$/m,
  );
});

test('images of two builds are no set, for whoever would take them along', async () => {
  const refusals = async (): Promise<void> => {
    for (const words of [
      ['generations', 'add'],
      ['install', join(folder.path, 'medium.img')],
      ['export', 'iso', join(folder.path, 'x.iso')],
      ['boot-entry', '--root', root, ...WHERE],
      ['test', '--accel', 'tcg'],
    ]) {
      const got = await mkmaHere([...words, '--output', images, '--json']);
      assert.equal(codeOf(got), 'images-mixed', words.join(' '));
    }
  };
  // As a build leaves it that is killed while it publishes.
  const note = { stages: { publishing: { inputs: {}, at: '', output: {} } } };
  writeFileSync(join(images, '.mkma/state.json'), JSON.stringify(note));
  await refusals();
  // And where nothing is known of the build: a copy.
  writeFileSync(join(images, 'base.cpio.zst'), imageFile(BASE));
  rmSync(join(images, '.mkma/state.json'));
  writeFileSync(join(images, 'vmlinuz'), kernelOf('6.99'));
  await refusals();
  writeFileSync(join(images, 'vmlinuz'), kernelOf(BASE.kernelRelease));
  await told('generations', 'add');
  const second = join(images, 'generations/2');
  cpSync(join(images, 'generations/1'), second, { recursive: true });
  writeFileSync(join(second, 'vmlinuz'), kernelOf('6.99'));
  const { generations } = JSON.parse(await told('generations', 'list', '--json'));
  assert.equal(generations[0].problem.code, 'images-mixed');
  assert.match(await refused('generations', 'use', '2'), /vmlinuz is 6\.99; the base has modules for /);
});
