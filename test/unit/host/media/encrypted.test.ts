import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { dropText } from '../../../../src/host/media/describe.js';
import { NamelessFile } from '../../../../src/host/media/nameless-file.js';
import { parseUsed } from '../../../../src/host/media/used-blocks.js';
import { encryptSectors } from '../../../../src/host/media/xts.js';

const KEY = Buffer.from(Array.from({ length: 64 }, (_, i) => i));

test('sectors are encrypted with their number in units of 512 bytes, wherever the piece begins', () => {
  const clear = Buffer.alloc(3 * 4096, 'content of a file system');
  const whole = Buffer.from(clear);
  encryptSectors(KEY, 0, whole);
  const third = Buffer.from(clear.subarray(8192));
  encryptSectors(KEY, 8192, third);
  assert.ok(third.equals(whole.subarray(8192)));
  const iv = Buffer.alloc(16);
  iv.writeUInt8(16);
  assert.ok(createDecipheriv('aes-256-xts', KEY, iv).update(third).equals(clear.subarray(8192)));
  assert.throws(() => encryptSectors(KEY, 512, Buffer.alloc(4096)), /not whole sectors/);
  assert.throws(() => encryptSectors(KEY, 0, Buffer.alloc(512)), /not whole sectors/);
});

const DUMP = `Filesystem features:      has_journal
Block count:              100
Free blocks:              45
Block size:               4096
Group descriptor size:    64
Group 0: (Blocks 0-49) csum 0x1 [ITABLE_ZEROED]
  30 free blocks, 1 free inodes, 2 directories
  Free blocks: 10-19, 21, 31-49
  Free inodes: 12-20
Group 1: (Blocks 50-99) csum 0x2 [INODE_UNINIT, BLOCK_UNINIT]
  Free blocks: 60-74
  Free inodes: 30-40
`;

test('used ranges are what no group lists as free', () => {
  const blocks = (first: number, end: number) => ({ start: first * 4096, end: end * 4096 });
  assert.deepEqual(parseUsed(DUMP), [
    blocks(0, 10),
    blocks(20, 21),
    blocks(22, 31),
    blocks(50, 60),
    blocks(75, 100),
  ]);
  const full = parseUsed(DUMP.replace(/^ {2}Free blocks:.*$/gm, '  Free blocks: '));
  assert.deepEqual(full, [blocks(0, 100)]);
});

test('output of another kind is not taken for a list of used blocks', () => {
  assert.equal(parseUsed(''), undefined);
  assert.equal(parseUsed(DUMP.replace('  Free blocks: 60-74\n', '')), undefined);
  assert.equal(parseUsed(DUMP.replace('60-74', 'none')), undefined);
  assert.equal(parseUsed(DUMP.replace('60-74', '5-7')), undefined);
});

test('who has to make room is sent to the partition with the generations', () => {
  assert.match(dropText('/dev/sdb', false), /^mount the third partition of \/dev\/sdb and drop one: /);
  assert.match(
    dropText('/dev/sdb', true),
    /^open the fourth partition of \/dev\/sdb \(cryptsetup open\), mount it and drop one: mkma generations drop N --output MOUNTPOINT\/mkma$/,
  );
});

test('a nameless file is reached by its path until it is closed; in RAM, or in the folder', () => {
  for (const [bytes, inRam] of [
    [1, true],
    [2 ** 50, false],
  ] as const) {
    const file = NamelessFile.make(bytes, '/tmp');
    writeFileSync(file.path, 'content');
    assert.equal(readFileSync(file.path, 'utf8'), 'content');
    assert.equal(statSync(file.path).nlink, 0);
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    assert.equal(file.inRam, inRam);
    file[Symbol.dispose]();
    assert.equal(existsSync(file.path), false);
  }
});
