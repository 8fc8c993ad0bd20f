import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootParameters } from '../../../../src/core/loader/entry.js';
import { grubEntry } from '../../../../src/core/loader/grub.js';
import { bootCmdline, withBootFiles } from '../../../../src/host/boot-entry/entry.js';
import { place } from '../../../../src/host/boot-entry/placement.js';
import { planGrub } from '../../../../src/host/boot-entry/plan.js';
import { type BlockNode, volumesIn } from '../../../../src/host/boot-entry/volumes.js';

const UUID = '11111111-2222-4333-8444-000000000002';
/** LVM on LUKS, as lsblk of util-linux 2.41 printed it in a machine. */
const LVM_ON_LUKS: BlockNode = {
  ...{ path: '/dev/mapper/box--vg-images--lv', type: 'lvm', fstype: 'ext4', uuid: '1-f2' },
  children: [
    {
      ...{ path: '/dev/mapper/x', type: 'crypt', fstype: 'LVM2_member', uuid: 'r1vgHl-JgsB' },
      children: [
        {
          ...{ path: '/dev/vdb1', type: 'part', fstype: 'crypto_LUKS', uuid: UUID.toUpperCase() },
          children: [{ path: '/dev/vdb', type: 'disk', fstype: null, uuid: null }],
        },
      ],
    },
  ],
};
const OPENING = { luks: [UUID], lvm: [{ group: 'box-vg', volume: 'images-lv' }] };
const MOUNT = { source: '/dev/mapper/x', target: '/', fstype: 'ext4', fsroot: '/', uuid: 'f2' };

test('the volumes below a file system are found, and become parameters', () => {
  assert.deepEqual(volumesIn(LVM_ON_LUKS), { ok: true, opening: OPENING });
  const placement = place('/img', MOUNT, LVM_ON_LUKS);
  assert.equal(
    bootCmdline(placement, [{ name: 'quiet' }]),
    `mkma_luks=${UUID} mkma_lvm=box-vg/images-lv mkma_storage_device=UUID=f2 mkma_images_path=/img quiet`,
  );
  assert.deepEqual(volumesIn(undefined), { ok: true, opening: { luks: [], lvm: [] } });
});

test('two encrypted disks below one group are both named; other kinds are refused', () => {
  const crypt = (uuid: string): BlockNode => ({
    ...{ path: `/dev/mapper/${uuid}`, type: 'crypt' },
    children: [{ path: '/dev/sda', type: 'disk', fstype: 'crypto_LUKS', uuid }],
  });
  const two = { path: '/dev/mapper/vg-lv', type: 'lvm', children: [crypt('aa'), crypt('bb')] };
  assert.deepEqual(volumesIn(two), {
    ok: true,
    opening: { luks: ['aa', 'bb'], lvm: [{ group: 'vg', volume: 'lv' }] },
  });
  for (const [node, why] of [
    [{ path: '/dev/mapper/x', type: 'crypt', children: [{ path: '/dev/sda', type: 'disk' }] }, /LUKS header/],
    [{ path: '/dev/md0', type: 'raid1' }, /raid1/],
    [{ path: '/dev/mapper/vg-a', type: 'lvm', children: [{ path: 'b', type: 'lvm' }] }, /linear and striped/],
  ] as const) {
    const found = volumesIn(node);
    assert.ok(!found.ok);
    assert.match(found.why, why);
  }
});

test('what is known of the place replaces volumes that the command line names', () => {
  const append = [{ name: 'mkma_luks', value: 'old' }, { name: 'quiet' }];
  const names = (opening: typeof OPENING | undefined): string[] =>
    bootParameters({ device: 'UUID=f2', path: '/', append, opening }).map(
      ({ name, value }) => `${name}=${value}`,
    );
  assert.deepEqual(names(undefined).slice(1), ['mkma_luks=old', 'quiet=undefined']);
  assert.deepEqual(names({ luks: [], lvm: [] }).slice(1), ['quiet=undefined']);
  assert.equal(names(OPENING)[0], `mkma_luks=${UUID}`);
});

test('GRUB gets copies in /boot of what only early boot can open, and drops older ones', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-boot-'));
  try {
    const [images, boot] = [join(folder, 'images'), join(folder, 'boot')];
    const old = join(boot, 'mkma/box/0123456789ab');
    for (const path of [images, join(boot, 'grub'), old]) mkdirSync(path, { recursive: true });
    for (const name of ['vmlinuz', 'initramfs.cpio.zst']) writeFileSync(join(images, name), name);
    const entry = {
      ...{ name: 'box', device: 'UUID=f2', path: '/img', initrds: ['initramfs.cpio.zst'], append: [] },
      opening: OPENING,
    };
    const at = { folder: boot, device: 'UUID=b00t', path: '/' };
    const plan = await planGrub('box', [{ entry, images }], join(boot, 'grub'), at);
    assert.ok(plan.ok);
    const [copies] = plan.value.copies;
    assert.deepEqual(copies?.names, ['vmlinuz', 'initramfs.cpio.zst']);
    const digest = copies.to.slice(-12);
    assert.equal(copies.to, join(boot, 'mkma/box', digest));
    assert.deepEqual(plan.value.older, [old]);
    const content = plan.value.writes[0]?.content ?? '';
    assert.match(content, /search --no-floppy --set=root --fs-uuid b00t\n/);
    assert.match(content, new RegExp(`linux /mkma/box/${digest}/vmlinuz mkma_luks=${UUID} mkma_lvm=`));
    assert.match(content, new RegExp(`initrd /mkma/box/${digest}/initramfs.cpio.zst\n`));
    // On plain storage everything is read in place.
    const plain = await planGrub(
      'box',
      [{ entry: { ...entry, opening: undefined }, images }],
      join(boot, 'grub'),
    );
    assert.ok(plain.ok);
    assert.deepEqual(plain.value.copies, []);
    assert.match(plain.value.writes[0]?.content ?? '', /linux \/img\/vmlinuz /);
    assert.deepEqual(readdirSync(join(boot, 'grub')), []);
    assert.equal(readFileSync(join(images, 'vmlinuz'), 'utf8'), 'vmlinuz');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an entry to paste looks for the copies by their name', () => {
  const entry = { name: 'box', device: 'UUID=f2', path: '/img', initrds: [], append: [], opening: OPENING };
  assert.ok(
    grubEntry(withBootFiles(entry)).includes('    search --no-floppy --set=root --file /mkma/box/vmlinuz'),
  );
  const plain = { ...entry, opening: undefined };
  assert.equal(withBootFiles(plain), plain);
});
