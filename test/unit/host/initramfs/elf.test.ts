import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readElfNeeds } from '../../../../src/host/initramfs/elf.js';

/** A minimal ELF file: a loader's path, two libraries; class 1 is 32 bit, 2 is 64 bit. */
function elf(elfClass: 1 | 2, little: boolean): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  const word = elfClass === 2 ? 8 : 4;
  const put = (at: number, value: number): void =>
    word === 8 ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  const text = (at: number, value: string): void => bytes.set(new TextEncoder().encode(`${value}\0`), at);
  text(0, '\x7fELF');
  bytes[4] = elfClass;
  bytes[5] = little ? 1 : 2;
  const entry = elfClass === 2 ? 56 : 32;
  put(elfClass === 2 ? 32 : 28, 64);
  view.setUint16(elfClass === 2 ? 54 : 42, entry, little);
  view.setUint16(elfClass === 2 ? 56 : 44, 3, little);
  const [offset, address, size] = elfClass === 2 ? [8, 16, 32] : [4, 8, 16];
  const segments = [
    { type: 1, at: 0, addr: 0x10000, bytes: 1024 },
    { type: 3, at: 512, addr: 0x10200, bytes: 20 },
    { type: 2, at: 600, addr: 0x10258, bytes: 10 * word },
  ];
  segments.forEach((segment, i) => {
    const at = 64 + i * entry;
    view.setUint32(at, segment.type, little);
    put(at + offset, segment.at);
    put(at + address, segment.addr);
    put(at + size, segment.bytes);
  });
  text(512, '/lib/ld.so.2');
  // The names come before the table's address on purpose: order must not matter.
  const dynamic = [1, 1, 1, 11, 5, 0x10000 + 800, 0, 0];
  dynamic.forEach((value, i) => {
    put(600 + i * word, value);
  });
  text(800, '\0libc.so.6\0libm.so.6');
  return bytes;
}

for (const elfClass of [1, 2] as const) {
  for (const little of [true, false]) {
    test(`needs of a ${elfClass * 32} bit, ${little ? 'little' : 'big'} endian program`, () => {
      assert.deepEqual(readElfNeeds(elf(elfClass, little)), {
        interpreter: '/lib/ld.so.2',
        libraries: ['libc.so.6', 'libm.so.6'],
      });
    });
  }
}

test('a real program of this machine', () => {
  const needs = readElfNeeds(readFileSync('/bin/sh'));
  assert.match(needs?.interpreter ?? '', /^\/lib.*\/ld-linux/);
  assert.ok(needs?.libraries.includes('libc.so.6'));
});

test('no ELF file, or one cut short, needs nothing that can be known', () => {
  assert.equal(readElfNeeds(new TextEncoder().encode('#!/bin/sh\n'.repeat(20))), undefined);
  assert.equal(readElfNeeds(elf(2, true).subarray(0, 620)), undefined);
});
