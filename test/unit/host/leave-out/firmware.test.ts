import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needlessFirmware } from '../../../../src/host/leave-out/firmware.js';

test('what only needless drivers ask for goes, compressed or not, by name or pattern', () => {
  const files = ['rtl_nic/a.fw', 'rtl_nic/b.fw.xz', 'brcm/brcmfmac1.txt', 'brcm/deep/brcmfmac1.txt', 'c.bin'];
  const byNeedless = ['rtl_nic/a.fw', 'rtl_nic/b.fw', 'brcm/brcmfmac*.txt'];
  assert.deepEqual(needlessFirmware(files, { byNeedless, byOthers: ['rtl_nic/b.fw'] }), [
    'rtl_nic/a.fw',
    'brcm/brcmfmac1.txt',
  ]);
});

test('older and newer files go and stay with those that are named; what nobody names stays', () => {
  const files = ['iwlwifi-so-a0-72.ucode', 'iwlwifi-ty-a0-68.ucode', 'intel/ibt-0040-0041.sfi'];
  const asked = { byNeedless: ['iwlwifi-ty-a0-77.ucode'], byOthers: ['iwlwifi-so-a0-77.ucode'] };
  assert.deepEqual(needlessFirmware(files, asked), ['iwlwifi-ty-a0-68.ucode']);
});
