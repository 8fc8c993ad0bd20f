import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAccel, kvmBarredBy, probeFinding } from '../../../../src/host/qemu/accel.js';

const WORKS = { works: true, why: 'a kernel start took 1.2 s' };
const BROKEN = { works: false, why: 'the probe saw no kernel start within 10 s' };

test('auto takes KVM only where it was seen to work, and says why', () => {
  assert.deepEqual(decideAccel('auto', WORKS), {
    ok: true,
    value: { accel: 'kvm', why: 'QEMU runs with KVM (a kernel start took 1.2 s)' },
  });
  assert.deepEqual(decideAccel('auto', BROKEN), {
    ok: true,
    value: {
      accel: 'tcg',
      why: 'QEMU runs without KVM (the probe saw no kernel start within 10 s): expect about 30 s to the login',
    },
  });
});

test('KVM that is asked for and does not work is a problem with the cause', () => {
  const result = decideAccel('kvm', BROKEN);
  assert.ok(!result.ok);
  assert.equal(result.problem.why, BROKEN.why);
  assert.match(result.problem.next ?? '', /auto or tcg/);
  assert.ok(decideAccel('kvm', WORKS).ok);
});

test('TCG that is asked for is not argued with', () => {
  const result = decideAccel('tcg', undefined);
  assert.ok(result.ok);
  assert.equal(result.value.accel, 'tcg');
});

test('the probe counts only a kernel that was seen to start', () => {
  assert.deepEqual(probeFinding('found', '', 1.234), WORKS);
  assert.deepEqual(probeFinding('deadline', 'noise', 10), BROKEN);
  assert.deepEqual(
    probeFinding('end', 'qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69\nmore', 1),
    {
      works: false,
      why: 'the probe failed: error: failed to set MSR 0x10a to 0x69',
    },
  );
  assert.equal(probeFinding('end', '', 1).works, false);
});

test('a missing permission names the group', () => {
  assert.match(kvmBarredBy('EACCES'), /adduser \$USER kvm/);
  assert.match(kvmBarredBy('ENOENT'), /^no \/dev\/kvm/);
  assert.match(kvmBarredBy('EBUSY'), /EBUSY/);
});
