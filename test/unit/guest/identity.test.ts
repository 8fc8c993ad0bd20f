/** The machine-id of a boot: from the firmware only if none is there, and what each boot makes for itself. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { machineIdFrom, purposeText } from '../../../src/core/identity/hardware.js';
import { settleIdentity } from '../../../src/guest/init/identity.js';
import { FakeMachine } from './fake-machine.js';

const UUID = '7e1c3d52-90ab-4c1d-8f3e-2b4a5c6d7e8f';
const FILE = '/newroot/etc/machine-id';
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function machineWith(id: string | undefined, uuid = UUID, cmdline = 'quiet'): FakeMachine {
  const machine = new FakeMachine();
  machine.files.set('/proc/cmdline', { content: `${cmdline}\n` });
  if (id !== undefined) machine.files.set(FILE, { content: id });
  machine.files.set('/sys/class/dmi/id/product_uuid', { content: `${uuid}\n` });
  machine.answer = ([program], { inputs }) =>
    program === 'sha256sum' ? { stdout: `${digestOf(inputs.at(-1)?.[1] ?? '')}  -\n` } : undefined;
  return machine;
}

test('an empty machine-id becomes that of the firmware, which does not show the id of the hardware', () => {
  const machine = machineWith('');
  assert.deepEqual(settleIdentity(machine), { hardware: true, machineId: 'firmware', random: [] });
  const id = machine.readText(FILE)?.trim();
  assert.equal(id, machineIdFrom(digestOf(purposeText('machine-id', `uuid ${UUID}`))));
  assert.match(id ?? '', /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  assert.doesNotMatch(id ?? '', /7e1c3d52/);
  const again = machineWith('');
  settleIdentity(again);
  assert.equal(again.readText(FILE)?.trim(), id);
});

test('one that is there, words of systemd, a missing file and a parameter stay', () => {
  const saved = `${'0123456789abcdef'.repeat(2)}\n`;
  for (const [id, machineId, cmdline] of [
    [saved, 'saved', 'quiet'],
    ['uninitialized\n', 'random', 'quiet'],
    [undefined, 'random', 'quiet'],
    ['', 'parameter', 'quiet systemd.machine_id=firmware'],
  ] as const) {
    const machine = machineWith(id, UUID, cmdline);
    assert.equal(settleIdentity(machine).machineId, machineId);
    assert.equal(machine.readText(FILE), id);
  }
});

test('hardware without an id: a random one, and what the programs of the machine make', () => {
  const machine = machineWith('', '00000000-0000-0000-0000-000000000000');
  machine.files.set('/newroot/usr/sbin/sshd', { mode: 0o755 });
  machine.files.set('/newroot/etc/ssh', { kind: 'directory' });
  machine.files.set('/newroot/etc/ssh/ssh_host_rsa_key.pub', {});
  assert.deepEqual(settleIdentity(machine), {
    ...{ hardware: false, machineId: 'random' },
    random: ['machine-id', 'ssh host keys'],
  });
  assert.equal(machine.readText(FILE), '');
  machine.files.set('/newroot/etc/ssh/ssh_host_rsa_key', {});
  assert.deepEqual(settleIdentity(machine).random, ['machine-id']);
});
