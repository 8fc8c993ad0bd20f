/** Who a machine is, over boots and on another machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from './harness.js';

const [A, B] = ['7e1c3d52-90ab-4c1d-8f3e-2b4a5c6d7e8f', '0f9e8d7c-6b5a-4938-a716-253443524160'];
const on = (uuid: string) => ({ args: ['--uuid', uuid] });

test('the machine-id comes from the firmware; a saved identity is applied on its machine, and on no other', async () => {
  let id = '';
  {
    await using vm = await Vm.login('', on(A));
    id = await vm.ask('cat /etc/machine-id');
    const { identity } = await vm.status();
    assert.deepEqual(identity, { hardware: true, machineId: 'firmware', random: [], elsewhere: [] });
    // systemd has taken it, and it is no change.
    assert.equal(await vm.ask('systemd-id128 machine-id'), id);
    assert.doesNotMatch(await vm.ask('mkma persist --all --dry-run'), /machine-id/);
    await vm.ask('mkdir -p /etc/ssh; echo key >/etc/ssh/ssh_host_ed25519_key; hostnamectl hostname mine');
    assert.match(
      await vm.ask('mkma persist --identity'),
      /^saved the identity as .*_identity\.cpio\.zst, .*, bound to this machine: machine-id, hostname, ssh host keys$/m,
    );
    assert.match(
      await vm.ask('mkma status'),
      /^identity +saved since boot in \S+_identity, bound to this machine$/m,
    );
    assert.equal(await vm.powerOff(), 0);
  }
  {
    await using vm = await Vm.shell('', on(B));
    assert.match(vm.transcript, /LEFT OUT[\s\S]*the identity belongs to another machine/);
    assert.notEqual(await vm.ask('cat /etc/machine-id'), id);
    assert.equal((await vm.sh('cat /etc/ssh/ssh_host_ed25519_key')).exitCode, 1);
    assert.match(
      await vm.ask('mkma status'),
      /^identity +of another machine, not applied: \S+_identity\n +not saved for this machine: mkma persist --identity saves it\n +machine-id from the firmware: the same at each boot$/m,
    );
  }
  await using vm = await Vm.shell('', on(A));
  const saved = '/etc/machine-id /etc/ssh/ssh_host_ed25519_key /etc/hostname';
  assert.equal(await vm.ask(`cat ${saved}`), `${id}\nkey\nmine`);
  const { identity } = await vm.status();
  assert.deepEqual([identity.machineId, identity.bound], ['saved', 'machine']);
});
