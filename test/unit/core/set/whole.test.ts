/** What makes files of a folder one set. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFault } from '../../../../src/core/set/whole.js';
import { BASE, kernelOf } from '../sample.js';

const folder = (files: Readonly<Record<string, Uint8Array>>) => ({
  names: Object.keys(files),
  size: (file: string) => files[file]?.length,
  read: (file: string, offset: number, length: number) => files[file]?.subarray(offset, offset + length),
});

const SET = {
  'base.cpio.zst': new Uint8Array(1),
  'initramfs.cpio.zst': new Uint8Array(1),
  vmlinuz: kernelOf('6.12'),
};

test('what is missing is named', () => {
  assert.deepEqual(setFault(folder({}), undefined), {
    lacking: ['base.cpio.zst or base.erofs', 'initramfs.cpio.zst', 'vmlinuz'],
  });
  assert.equal(setFault(folder(SET), BASE), undefined);
});

test('a kernel of another release than the base has modules for: they are of two builds', () => {
  const mixed = setFault(folder({ ...SET, vmlinuz: kernelOf('6.13-rc1') }), BASE);
  assert.deepEqual(mixed, { mixed: 'vmlinuz is 6.13-rc1; the base has modules for 6.12' });
});

test('what does not say which kernel it is, is not compared', () => {
  const other = { ...SET, vmlinuz: kernelOf('6.13') };
  assert.equal(setFault(folder(other), undefined), undefined, 'a base without a manifest');
  assert.equal(setFault(folder(other), { ...BASE, kernelRelease: '' }), undefined, 'one without a kernel');
  for (const vmlinuz of [new Uint8Array(0), new Uint8Array(0x600), kernelOf('6.13').subarray(0, 0x500)])
    assert.equal(setFault(folder({ ...SET, vmlinuz }), BASE), undefined);
});
