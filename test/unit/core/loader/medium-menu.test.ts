import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootEntry } from '../../../../src/core/loader/entry.js';
import { isMediumMenu, mediumMenu } from '../../../../src/core/loader/medium-menu.js';

const entry = (number: number, isDefault: boolean, more: Partial<BootEntry> = {}): BootEntry => ({
  name: 'box',
  device: 'UUID=1234-abcd',
  path: `/mkma/generations/${number}`,
  initrds: ['initramfs.cpio.zst'],
  append: [],
  generation: { number, isDefault },
  ...more,
});

test('the menu names the default by its id, whatever its place, and has all entries in order', () => {
  const text = mediumMenu([entry(3, false), entry(2, true), entry(1, false)]);
  assert.match(text, /^# mkma medium\n/);
  assert.match(text, /^set default=mkma-box$/m);
  const ids = [...text.matchAll(/--id (\S+) \{/g)].map(([, id]) => id);
  assert.deepEqual(ids, ['mkma-box.3', 'mkma-box', 'mkma-box.1']);
  assert.ok(text.includes('/mkma/generations/2/vmlinuz'));
  assert.ok(text.endsWith('}\n'));
});

test("GRUB drives the serial port of the kernel's console, by BIOS alone, and only if it is there", () => {
  const plain = mediumMenu([entry(1, true)]);
  assert.match(plain, /if \[ "\$grub_platform" = pc \]; then\n {4}if serial --unit=0 --speed=115200; then/);
  const console = (value: string) => mediumMenu([entry(1, true, { append: [{ name: 'console', value }] })]);
  assert.match(console('ttyS1,9600n8'), /serial --unit=1 --speed=9600;/);
  assert.match(console('tty0'), /serial --unit=0 --speed=115200;/);
  assert.match(console('ttyS7'), /serial --unit=0 --speed=115200;/);
});

test('without generations the menu is whole, and is still known as one of mkma', () => {
  const text = mediumMenu([]);
  assert.ok(isMediumMenu(text));
  assert.doesNotMatch(text, /menuentry|default=/);
  assert.ok(!isMediumMenu('# mkma medium of somebody else\n'));
  assert.ok(!isMediumMenu('set timeout=5\n# mkma medium\n'));
});
