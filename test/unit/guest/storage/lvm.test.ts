import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGroups, stateOf } from '../../../../src/guest/storage/lvm.js';

const group = (name: string, missing = '0', uuid = `uuid of ${name}`) => ({
  ...{ vg_name: name, vg_uuid: uuid, pv_count: '2', vg_missing_pv_count: missing },
});
const VOLUME = { group: 'box-vg', volume: 'root' };

test('a group is whole, incomplete, absent, or there twice', () => {
  assert.deepEqual(stateOf([group('other', '1'), group('box-vg')], VOLUME), { kind: 'whole' });
  const cases = [
    [[group('box-vg', '1')], 'absent', 'lvm-incomplete', /1 of its 2 physical volumes are missing/],
    [[group('other')], 'absent', 'lvm-missing', /the volume groups are: other/],
    [[], 'absent', 'lvm-missing', /there are no volume groups/],
    [[group('box-vg', '0', 'AAA'), group('box-vg', '0', 'BBB')], 'twice', 'lvm-twice', /AAA\nBBB/],
  ] as const;
  for (const [groups, kind, code, why] of cases) {
    const state = stateOf(groups, VOLUME);
    assert.ok(state.kind !== 'whole');
    assert.equal(state.kind, kind);
    assert.equal(state.problem.code, code);
    assert.equal(state.problem.where, 'box-vg/root');
    assert.match(state.problem.why ?? '', why);
  }
});

test("groups are read from lvm's report", () => {
  assert.deepEqual(parseGroups(JSON.stringify({ report: [{ vg: [group('a')] }] })), [group('a')]);
});
