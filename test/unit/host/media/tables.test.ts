import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { mbrCode, placedCore } from '../../../../src/host/media/bios.js';
import { markedPlaces } from '../../../../src/host/media/capacity.js';
import { GPT_HEAD, parseGpt, renderGpt } from '../../../../src/host/media/gpt.js';
import { idsFrom, seedOf } from '../../../../src/host/media/ids.js';
import {
  bytesOnExt4,
  defaultBytes,
  fit,
  inodesFor,
  LUKS_HEADER,
  layoutOf,
  leastBytes,
  MIB,
} from '../../../../src/host/media/layout.js';
import { hasSignature } from '../../../../src/host/media/signed.js';
import { tarHeader, tarPadding } from '../../../../src/host/media/tar.js';

const GIB = 1024 * MIB;
const ids = idsFrom(seedOf(['some content']));

test('partitions follow each other on whole MiB, and leave room for the backup of the table', () => {
  for (const bytes of [200 * MIB, 8 * GIB + 512, 4000 * GIB]) {
    const { bios, esp, storage, bytes: whole } = layoutOf(bytes, { images: 0 });
    assert.equal(whole, bytes);
    for (const part of [bios, esp, storage]) assert.equal((part.start % MIB) + (part.bytes % MIB), 0);
    assert.equal(bios.start + bios.bytes, esp.start);
    assert.equal(esp.start + esp.bytes, storage.start);
    assert.ok(storage.start + storage.bytes + 33 * 512 <= bytes);
  }
});

test('a medium that is too small is refused with the numbers', () => {
  const content = { images: bytesOnExt4([300 * MIB, 1]) };
  assert.ok(fit(leastBytes(content), content, 'x', '').ok);
  const small = fit(leastBytes(content) - 1, content, 'x', '');
  assert.equal(small.ok ? '' : small.problem.code, 'medium-too-small');
  assert.match(
    small.ok ? '' : (small.problem.why ?? ''),
    /it has \d+ MiB; the images take 300 MiB, the whole/,
  );
  assert.ok(defaultBytes(content) - leastBytes(content) >= GIB);
});

test('an encrypted medium has a partition in the open, for several kernels, and room for the header', () => {
  const content = { images: 300 * MIB, plain: 200 * MIB };
  const { esp, boot, storage } = layoutOf(leastBytes(content), content);
  assert.equal(esp.start + esp.bytes, boot?.start);
  assert.equal((boot?.start ?? 0) + (boot?.bytes ?? 0), storage.start);
  assert.ok((boot?.bytes ?? 0) > 4 * content.plain);
  const plain = layoutOf(leastBytes({ images: content.images }), { images: content.images });
  assert.equal(storage.bytes - plain.storage.bytes, LUKS_HEADER);
  assert.equal(layoutOf(8 * GIB, { ...content, plain: MIB }).boot?.bytes, 512 * MIB);
});

test('the number of inodes has limits', () => {
  assert.deepEqual([10 * MIB, GIB, 4000 * GIB].map(inodesFor), [1024, 4096, 65_536]);
});

test('a table that was written is read again; a changed byte makes it none', () => {
  const layout = layoutOf(GIB, { images: 0 });
  const { head, tail } = renderGpt(layout, ids);
  assert.equal(tail.at + tail.bytes.length, GIB);
  assert.deepEqual(parseGpt(head.bytes), [
    { name: 'mkma-bios', ...layout.bios },
    { name: 'mkma-esp', ...layout.esp },
    { name: 'mkma', ...layout.storage },
  ]);
  for (const at of [512 + 24, 1024 + 40]) {
    const changed = Buffer.from(head.bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    assert.equal(parseGpt(changed), undefined);
  }
  assert.equal(parseGpt(head.bytes.subarray(0, GPT_HEAD - 1)), undefined);
});

test('UUIDs follow from the seed alone, and are UUIDs', () => {
  assert.deepEqual(idsFrom(seedOf(['some content'])), ids);
  const all = [ids.disk, ids.storage, ids.hashSeed, ...Object.values(ids.parts)];
  assert.equal(new Set(all).size, all.length);
  for (const id of all)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(idsFrom(seedOf(['other content'])).storage, ids.storage);
});

test('the sectors of core.img are written where boot.img and diskboot.img look for them', () => {
  const code = mbrCode(Buffer.alloc(512, 0xff), 2048);
  assert.equal(code.length, 440);
  assert.equal(code.readBigUInt64LE(0x5c), 2048n);
  assert.equal(code.readUInt16LE(0x66), 0x9090);
  const core = placedCore(Buffer.alloc(1000, 0xff), 2048);
  assert.equal(core.length, 1024);
  assert.equal(core.readBigUInt64LE(0x1f4), 2049n);
  assert.deepEqual([core.readUInt16LE(0x1fc), core.readUInt16LE(0x1fe)], [1, 0x820]);
});

test('tar of the system reads the records: long names, and sizes beyond 8 GiB', () => {
  const path = `folder/${'n'.repeat(180)}`;
  const content = Buffer.from('content');
  const file = tarHeader({ path, mode: 0o600, mtime: 86_400, bytes: content.length });
  const archive = Buffer.concat([
    tarHeader({ path: 'folder', mode: 0o755, mtime: 0 }),
    ...[file, content, tarPadding(content.length), Buffer.alloc(1024)],
  ]);
  const list = execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8', env: { TZ: 'UTC' } });
  const [first = '', second = ''] = list.split('\n');
  assert.match(first, /^drwxr-xr-x 0\/0 +0 1970-01-01 00:00 folder\/$/);
  assert.match(second, /^-rw------- 0\/0 +7 1970-01-02 00:00 folder\/n{180}$/);
  const large = tarHeader({ path: 'f', mode: 0o644, mtime: 0, bytes: 9 * GIB });
  assert.equal(large.readUInt8(124), 0x80);
  assert.equal(large.readBigUInt64BE(128), BigInt(9 * GIB));
});

test('marks for the real size of a device are inside of it, the last one at its end', () => {
  const places = markedPlaces(3 * GIB);
  assert.ok(places.every((at) => at % 4096 === 0 && at + 4096 <= 3 * GIB));
  assert.ok(places.includes(2 * GIB) && (places.at(-1) as number) > 3 * GIB - MIB);
  assert.equal(new Set(places).size, places.length);
});

test('a kernel is signed if its headers name certificates', () => {
  const pe = Buffer.alloc(512);
  pe.write('MZ', 0, 'latin1');
  pe.writeUInt32LE(0x40, 0x3c);
  pe.write('PE\0\0', 0x40, 'latin1');
  pe.writeUInt16LE(0x20b, 0x40 + 24);
  assert.ok(!hasSignature(pe));
  pe.writeUInt32LE(1472, 0x40 + 24 + 112 + 8 * 4 + 4);
  assert.ok(hasSignature(pe));
  assert.ok(!hasSignature(pe.subarray(0, 100)));
  assert.ok(!hasSignature(Buffer.from('kernel'.repeat(100))));
});
