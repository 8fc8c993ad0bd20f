import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMembers } from '../../../../src/host/media/lvm-members.js';

test('the physical volumes of the groups that are asked for', () => {
  const pv = [
    { pv_uuid: 'Aaaa-1', vg_name: 'box' },
    { pv_uuid: 'Bbbb-2', vg_name: 'other' },
    { pv_uuid: 'Cccc-3', vg_name: '' },
    { pv_uuid: 'Dddd-4', vg_name: 'box' },
  ];
  assert.deepEqual(parseMembers(JSON.stringify({ report: [{ pv }] }), ['box']), ['Aaaa-1', 'Dddd-4']);
  assert.deepEqual(parseMembers(JSON.stringify({ report: [{ pv }] }), ['gone']), []);
});
