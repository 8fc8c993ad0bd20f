import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needlessFirmware } from '../../../../src/host/leave-out/firmware.js';

test('what is asked for stays, compressed or not, by name or pattern', () => {
  const files = ['rtl_nic/a.fw', 'rtl_nic/b.fw.xz', 'brcm/brcmfmac1.txt', 'brcm/deep/brcmfmac1.txt', 'c.bin'];
  assert.deepEqual(needlessFirmware(files, ['rtl_nic/b.fw', 'brcm/brcmfmac*.txt']), [
    'rtl_nic/a.fw',
    'brcm/deep/brcmfmac1.txt',
    'c.bin',
  ]);
});

test('where a numbered file is not there, older ones of its kind stay', () => {
  const files = ['iwlwifi-so-a0-72.ucode', 'iwlwifi-so-a0-68.ucode', 'iwlwifi-ty-a0-68.ucode'];
  assert.deepEqual(needlessFirmware(files, ['iwlwifi-so-a0-77.ucode']), ['iwlwifi-ty-a0-68.ucode']);
  assert.deepEqual(needlessFirmware(files, ['iwlwifi-so-a0-72.ucode']), files.slice(1));
});

test('what is asked for otherwise stays', () => {
  assert.deepEqual(needlessFirmware(['regulatory.db', 'amd-ucode/microcode_amd.bin', 'x'], []), ['x']);
});
