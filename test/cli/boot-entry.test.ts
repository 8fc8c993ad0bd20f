import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute, main, mkma, mkmaHere, temporary } from './cli.js';
import { sharedImages } from './images.js';

/** Where the images are said to lie, so that it does not matter on what this test runs. */
const WHERE = ['--storage-device', 'UUID=1234-ABCD', '--images-path', '/srv/images'];
const READS_CUSTOM = 'source $prefix/custom.cfg\n';

/** Images that only boot-entry takes for whole: the base is real, the rest is small. */
function smallImages(folder: string): string {
  const images = join(folder, 'images');
  mkdirSync(images);
  symlinkSync(join(sharedImages(), 'base.cpio.zst'), join(images, 'base.cpio.zst'));
  writeFileSync(join(images, 'vmlinuz'), 'kernel'.repeat(10_000));
  writeFileSync(join(images, 'initramfs.cpio.zst'), 'initramfs'.repeat(10_000));
  return images;
}

/** A root file system with GRUB's configuration, and a folder that stands for an ESP. */
function machine(folder: string): { images: string; root: string; grub: string; esp: string } {
  const paths = {
    images: smallImages(folder),
    root: join(folder, 'root'),
    grub: join(folder, 'root/boot/grub'),
    esp: join(folder, 'esp'),
  };
  mkdirSync(paths.grub, { recursive: true });
  mkdirSync(paths.esp);
  writeFileSync(join(paths.grub, 'grub.cfg'), READS_CUSTOM);
  return paths;
}

/** Every file below a folder with its content. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const plain = files.filter((name) => statSync(join(folder, name)).isFile()).sort();
  return Object.fromEntries(plain.map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
}

test('one entry is printed as it is, to be pasted; several under comments', async () => {
  using folder = temporary();
  const { images, root } = machine(folder.path);
  const one = await mkma(['boot-entry', '-o', images, '--root', root, ...WHERE, '--append', 'quiet x="a b"']);
  assert.equal(one.stderr, '');
  assert.match(one.stdout, /^menuentry 'console \(mkma, in RAM\)'[^#]*\n}\n$/);
  assert.match(
    one.stdout,
    /linux \/srv\/images\/vmlinuz mkma_storage_device=UUID=1234-ABCD mkma_images_path=\/srv\/images quiet 'x=a b'\n/,
  );
  const both = await mkmaHere(['boot-entry', '-o', images, '--root', images, ...WHERE]);
  assert.match(
    both.stdout,
    /^# GRUB: [\s\S]*\n}\n\n# systemd-boot: [^\n]*\n# These files have to be on the ESP: /,
  );
});

test('a second base that is not used is warned of', async () => {
  using folder = temporary();
  const { images, root } = machine(folder.path);
  writeFileSync(join(images, 'base.erofs'), 'none');
  const got = await mkmaHere(['boot-entry', '-o', images, '--root', root, ...WHERE]);
  assert.equal(got.code, 0);
  assert.match(
    got.stderr,
    /^warning: another base in the same folder is not used: .*\/base\.erofs \[base-unused\]\n +why: its age is unknown\n +next: remove/,
  );
});

test('--json tells the entries as data', async () => {
  using folder = temporary();
  const { images, root, grub } = machine(folder.path);
  const got = await mkmaHere(['boot-entry', '-o', images, '--root', root, ...WHERE, '--json', '--dry-run']);
  const { written, entries } = JSON.parse(got.stdout);
  assert.equal(written, false);
  assert.equal(entries[0].loader, 'grub');
  assert.equal(entries[0].file, join(grub, 'custom.cfg'));
  assert.equal(entries[0].entry[0], "menuentry 'console (mkma, in RAM)' --id mkma-console {");
});

test('--write for GRUB: into custom.cfg, whose own content, mode and link stay; a second time changes nothing', async () => {
  using folder = temporary();
  const { images, root, grub } = machine(folder.path);
  writeFileSync(join(root, 'theirs.cfg'), 'password root secret\n');
  chmodSync(join(root, 'theirs.cfg'), 0o640);
  symlinkSync('../../theirs.cfg', join(grub, 'custom.cfg'));
  const args = ['boot-entry', '-o', images, '--root', root, ...WHERE, '--write'];

  const before = contents(root);
  const dry = await mkmaHere([...args, '--dry-run']);
  assert.match(dry.stdout, /^would write the entry to .*theirs\.cfg .*\n\n {2}menuentry /);
  assert.deepEqual(contents(root), before);

  const first = await mkmaHere(args);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stderr, '');
  assert.match(first.stdout, /^wrote the entry to .*theirs\.cfg \(GRUB reads it at every boot; .*\)\n$/);
  const text = readFileSync(join(root, 'theirs.cfg'), 'utf8');
  assert.match(text, /^password root secret\n### BEGIN mkma-console ###\nmenuentry /);
  assert.equal(statSync(join(root, 'theirs.cfg')).mode & 0o7777, 0o640);
  assert.ok(lstatSync(join(grub, 'custom.cfg')).isSymbolicLink());

  const again = await mkmaHere(args);
  assert.match(again.stdout, /^up to date: /);
  assert.equal(readFileSync(join(root, 'theirs.cfg'), 'utf8'), text);
});

test('a GRUB that does not read custom.cfg is told of, with what to run', async () => {
  using folder = temporary();
  const { images, root, grub } = machine(folder.path);
  writeFileSync(join(grub, 'grub.cfg'), 'menuentry x {\n}\n');
  const got = await mkmaHere(['boot-entry', '-o', images, '--root', root, ...WHERE, '--write']);
  assert.equal(got.code, 0);
  assert.match(
    got.stderr,
    /warning: GRUB does not read custom\.cfg yet: .*grub\.cfg \[grub-without-custom\]\n[\s\S]*41_custom[\s\S]*update-grub/,
  );
});

test('--write for systemd-boot: copies in a folder of their own, the older ones go once the entry names the new', async () => {
  using folder = temporary();
  const { images, esp } = machine(folder.path);
  const args = ['boot-entry', '-o', images, '--esp', esp, ...WHERE, '--write'];
  mkdirSync(join(esp, 'mkma/console/.0123456789ab.new'), { recursive: true });
  mkdirSync(join(esp, 'mkma/console/mine'));

  const first = await mkmaHere(args);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^copied vmlinuz, initramfs\.cpio\.zst \(146 KiB\) to .*\nwrote the entry to /);
  const [copies = '', ...others] = readdirSync(join(esp, 'mkma/console')).sort();
  assert.deepEqual(others, ['mine']);
  const entry = readFileSync(join(esp, 'loader/entries/mkma-console.conf'), 'utf8');
  assert.ok(entry.includes(`\nlinux /mkma/console/${copies}/vmlinuz\n`), entry);
  assert.equal(
    readFileSync(join(esp, 'mkma/console', copies, 'vmlinuz'), 'utf8'),
    readFileSync(join(images, 'vmlinuz'), 'utf8'),
  );
  assert.match((await mkmaHere(args)).stdout, /^up to date: /);

  writeFileSync(join(images, 'microcode.cpio'), 'microcode');
  const second = await mkmaHere(args);
  assert.match(
    second.stdout,
    /^copied vmlinuz, microcode\.cpio, initramfs\.cpio\.zst .*\n.*\nremoved older copies: /,
  );
  const [newer = ''] = readdirSync(join(esp, 'mkma/console')).sort();
  assert.notEqual(newer, copies);
  assert.deepEqual(readdirSync(join(esp, 'mkma/console')).sort(), [newer, 'mine']);
  assert.match(
    readFileSync(join(esp, 'loader/entries/mkma-console.conf'), 'utf8'),
    new RegExp(`\ninitrd /mkma/console/${newer}/microcode.cpio\ninitrd /mkma/console/${newer}/initramfs`),
  );
});

/** Runs `mkma boot-entry` ($3...) twice on an ESP of 2 MiB ($1), the second time with a kernel ($2) that does not fit beside the first. */
const SMALL_ESP = `set -e
esp=$1 kernel=$2; shift 2
mount -t tmpfs -o size=2m tmpfs "$esp"
"$@" >&2
find "$esp" -type f -exec cksum {} + | sort >"$kernel.before"
head -c 3000000 /dev/zero >"$kernel"
"$@" || code=$?
find "$esp" -type f -exec cksum {} + | sort | cmp - "$kernel.before" >&2 || exit 90
[ -z "$(find "$esp" -name '.*')" ] || exit 91
exit $code`;

test('an ESP without room: told with numbers, and what was there stays', async () => {
  using folder = temporary();
  const { images, esp } = machine(folder.path);
  const command = [process.execPath, main, 'boot-entry', '-o', images, '--esp', esp, ...WHERE, '--write'];
  const shell = ['sh', '-c', SMALL_ESP, 'sh', esp, join(images, 'vmlinuz'), ...command];
  const got = await execute('unshare', ['--mount', '--propagation', 'private', ...shell]);
  assert.match(got.stderr, /error: not enough room for the files that the boot loader loads: .*\n/);
  assert.match(
    got.stderr,
    /why: vmlinuz and initramfs\.cpio\.zst take 4 MiB, 1 MiB are free; what is in use stays until/,
  );
  assert.match(got.stderr, /next: free [23] MiB there; or boot with GRUB/);
  assert.equal(got.code, 1, got.stderr);
});

/** Runs `mkma boot-entry` ($3...) with images in $2 and an ESP at $1 that is full; images named there are copied there first. */
const FULL_ESP = `set -e
esp=$1 images=$2; shift 2
mount -t tmpfs -o size=1m tmpfs "$esp"
case "$*" in *"$esp/images"*) cp -rd "$images" "$esp" ;; esac
cat /dev/zero >"$esp/fill" 2>/dev/null || [ -s "$esp/fill" ]
find "$esp" -type f | sort >"$images.before"
"$@" || code=$?
find "$esp" -type f | sort | cmp - "$images.before" >&2 || exit 90
[ ! -e "$esp/mkma" ] || exit 91
exit $code`;

test('an ESP that is full to the last byte: told as that, and nothing is left there', async () => {
  using folder = temporary();
  const { images, esp } = machine(folder.path);
  const runFull = async (where: string, ...more: string[]) => {
    const args = [main, 'boot-entry', '-o', where, '--esp', esp, ...WHERE, ...more];
    const shell = ['sh', '-c', FULL_ESP, 'sh', esp, images, process.execPath, ...args];
    const got = await execute('unshare', ['--mount', '--propagation', 'private', ...shell]);
    assert.equal(got.code, 1, got.stderr);
    assert.equal(got.stdout, '');
    return got.stderr;
  };
  for (const mode of ['--write', '--dry-run']) {
    assert.match(
      await runFull(images, mode),
      /error: .* \[boot-loader-full\]\n.*, 0 MiB are free; .*\n.*free 2 MiB there/,
    );
  }
  assert.match(
    await runFull(join(esp, 'images'), '--write'),
    /error: not enough room for the boot loader entry: .*mkma-console\.conf \[boot-loader-full\]\n.*the file system is full; .*\n.*free 1 MiB there/,
  );
});

test('two boot loaders: one has to be named, or all', async () => {
  using folder = temporary();
  const { images, grub, esp } = machine(folder.path);
  const args = ['boot-entry', '-o', images, '--grub-dir', grub, '--esp', esp, ...WHERE, '--write'];
  const unsure = await mkmaHere(args);
  assert.equal(unsure.code, 2);
  assert.match(
    unsure.stderr,
    /error: found two boot loaders: .*\(GRUB\).*\(systemd-boot\) \[two-boot-loaders\]\n.*--loader/,
  );
  assert.deepEqual(readdirSync(esp), []);
  const all = await mkmaHere([...args, '--loader', 'all']);
  assert.equal(all.code, 0, all.stderr);
  assert.match(all.stdout, /custom\.cfg[\s\S]*mkma-console\.conf/);
});

test('no boot loader, no images: told with where they were looked for', async () => {
  using folder = temporary();
  const { images, esp } = machine(folder.path);
  const nothing = await mkmaHere(['boot-entry', '-o', images, '--root', esp, ...WHERE, '--write']);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /error: no boot loader found: .*\n.*boot\/grub.*loader\/entries.*\n.*--root/);
  const empty = await mkmaHere(['boot-entry', '-o', esp, ...WHERE]);
  assert.equal(empty.code, 1);
  assert.match(
    empty.stderr,
    /error: no image to boot: .*\n +why: it contains no base\.cpio\.zst or base\.erofs\n/,
  );
});

test('an initramfs that cannot open what its entry names is warned of before it fails to boot', async () => {
  using folder = temporary();
  const { images, root } = machine(folder.path);
  rmSync(join(images, 'initramfs.cpio.zst'));
  symlinkSync(join(sharedImages(), 'initramfs.cpio.zst'), join(images, 'initramfs.cpio.zst'));
  const print = (append: string) =>
    mkmaHere([
      'boot-entry',
      '-o',
      images,
      '--root',
      root,
      '--loader',
      'systemd-boot',
      ...WHERE,
      '--append',
      append,
    ]);
  const luks = 'mkma_luks=11111111-2222-4333-8444-000000000001';
  const closed = await print(`${luks} mkma_lvm=box/root`);
  assert.equal(closed.code, 0);
  assert.match(
    closed.stderr,
    /warning: .*\[initramfs-cannot-open\][\s\S]*\(LUKS\) and logical volumes \(LVM\)/,
  );
  assert.match(closed.stderr, /storage: \['luks', 'lvm'\]/);
  assert.equal((await print('quiet')).stderr, '');
});
