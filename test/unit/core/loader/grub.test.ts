import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootEntry } from '../../../../src/core/loader/entry.js';
import { grubEntry, withGrubEntries } from '../../../../src/core/loader/grub.js';

const entry: BootEntry = {
  name: 'box',
  device: 'UUID=1234-abcd',
  path: '/srv/images',
  initrds: ['initramfs.cpio.zst'],
  append: [],
};

/** The line of an entry that begins with a word. */
function line(word: string, change: Partial<BootEntry>): string {
  return (grubEntry({ ...entry, ...change }).find((text) => text.startsWith(`    ${word} `)) ?? '').trim();
}

test('the entry finds the file system and names kernel, parameters and initramfs on it', () => {
  assert.deepEqual(grubEntry(entry), [
    "menuentry 'box (mkma, in RAM)' --id mkma-box {",
    '    insmod part_gpt',
    '    insmod part_msdos',
    '    insmod all_video',
    '    search --no-floppy --set=root --fs-uuid 1234-abcd',
    '    linux /srv/images/vmlinuz mkma_storage_device=UUID=1234-abcd mkma_images_path=/srv/images',
    '    initrd /srv/images/initramfs.cpio.zst',
    '}',
  ]);
});

test('what GRUB would take for itself is quoted: spaces, dollars, semicolons', () => {
  assert.equal(
    line('linux', { path: '/my $images;' }),
    "linux '/my $images;/vmlinuz' mkma_storage_device=UUID=1234-abcd 'mkma_images_path=/my $images;'",
  );
  assert.equal(line('initrd', { path: '/my images' }), "initrd '/my images/initramfs.cpio.zst'");
});

test('a quote in a word ends with it, not with the menu', () => {
  assert.equal(line('initrd', { path: "/it's" }), String.raw`initrd '/it'\''s/initramfs.cpio.zst'`);
});

test('parameters of the user come last', () => {
  const append = [
    { name: 'quiet' },
    { name: 'console', value: 'ttyS0,115200n8' },
    { name: 'x', value: 'a b' },
  ];
  assert.match(
    line('linux', { append }),
    / mkma_images_path=\/srv\/images quiet console=ttyS0,115200n8 'x=a b'$/,
  );
});

test('microcode is loaded before the initramfs', () => {
  assert.equal(
    line('initrd', { path: '/', initrds: ['microcode.cpio', 'initramfs.cpio.zst'] }),
    'initrd /microcode.cpio /initramfs.cpio.zst',
  );
});

test('a device that GRUB cannot search for is found by the kernel that lies there', () => {
  assert.equal(
    line('search', { device: 'LABEL=my disk' }),
    "search --no-floppy --set=root --label 'my disk'",
  );
  for (const device of ['PARTUUID=12-34', 'PARTLABEL=root', '/dev/sda2']) {
    assert.equal(line('search', { device }), 'search --no-floppy --set=root --file /srv/images/vmlinuz');
  }
});

test("custom.cfg: the machine's own entry is replaced, everything else stays", () => {
  const first = withGrubEntries('# mine\nmenuentry x {\n}\n', 'box', [entry]);
  assert.ok(first.ok);
  assert.ok(first.value.startsWith('# mine\nmenuentry x {\n}\n### BEGIN mkma-box ###\nmenuentry '));
  const other = withGrubEntries(first.value, 'box-2', [{ ...entry, name: 'box-2' }]);
  assert.ok(other.ok);
  const again = withGrubEntries(other.value, 'box', [entry]);
  assert.deepEqual(again, other);
  const moved = withGrubEntries(other.value, 'box', [{ ...entry, path: '/' }]);
  assert.ok(moved.ok);
  const [, theirs] = other.value.split('### END mkma-box ###');
  const [own = ''] = moved.value.split(theirs ?? '');
  assert.ok(moved.value.endsWith(theirs ?? ''), 'what comes after it stays');
  assert.ok(own.startsWith('# mine\nmenuentry x {\n}\n### BEGIN mkma-box ###\n'), own);
  assert.match(own, /^ {4}linux \/vmlinuz mkma_storage_device=UUID=1234-abcd$/m);
  assert.doesNotMatch(own, /srv/);
});

test('custom.cfg: an empty one, and one whose last line does not end', () => {
  for (const text of ['', 'set timeout=3']) {
    const written = withGrubEntries(text, 'box', [entry]);
    assert.ok(written.ok);
    assert.match(
      written.value,
      /^(set timeout=3\n)?### BEGIN mkma-box ###\n[\s\S]*\n### END mkma-box ###\n$/,
    );
    assert.deepEqual(withGrubEntries(written.value, 'box', [entry]), written);
  }
});

test('custom.cfg: an end that is missing is told, and nothing is guessed', () => {
  const written = withGrubEntries('### BEGIN mkma-box ###\nmenuentry mine {\n}\n', 'box', [entry]);
  assert.ok(!written.ok);
  assert.match(written.problem.why ?? '', /without "### END mkma-box ###"$/);
});
