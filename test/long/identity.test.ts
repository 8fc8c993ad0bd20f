/** Two servers from one image: each has an identity of its own, which stays; a medium that moves between them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { execute, main } from '../cli/cli.js';
import { builtImages, Vm } from '../vm/harness.js';

const [A, B] = ['7e1c3d52-90ab-4c1d-8f3e-2b4a5c6d7e8f', '0f9e8d7c-6b5a-4938-a716-253443524160'];

async function build(identity: 'machine' | 'medium'): Promise<string> {
  const output = join(dirname(builtImages()), `identity-${identity}`);
  const config = join(output, 'machine.json');
  mkdirSync(output, { recursive: true });
  const machine = {
    ...{ extends: ['server'], hostname: 'server', format: 'erofs', persist: { identity } },
    users: { root: { autologin: ['ttyS0'] } },
  };
  writeFileSync(config, JSON.stringify(machine));
  const built = await execute(process.execPath, [main, 'build', '--config', config, '--output', output]);
  assert.equal(built.code, 0, built.stderr);
  return output;
}

interface Seen {
  readonly id: string;
  readonly keys: string;
  /** By which DHCP servers know the machine. */
  readonly client: string;
}

/** Boots the disk of the folder on a machine, and looks at its identity, which it saves if told so. */
async function boot(images: string, uuid: string, more = '', fresh: readonly string[] = []): Promise<Seen> {
  await using vm = await Vm.login('', { images, args: ['--uuid', uuid, '--network', ...fresh] });
  await vm.ask(
    'systemctl is-system-running --wait; systemctl is-active ssh && test -s /etc/ssh/ssh_host_rsa_key',
  );
  await vm.ask('until grep -q CLIENTID /run/systemd/netif/leases/*; do sleep 1; done');
  const id = await vm.ask('cat /etc/machine-id');
  const keys = await vm.ask("cut -d' ' -f2 /etc/ssh/ssh_host_*_key.pub | sha256sum");
  const client = await vm.ask('sed -n s/^CLIENTID=//p /run/systemd/netif/leases/*');
  assert.match(
    await vm.ask(
      'journalctl -b -u systemd-random-seed --no-pager; systemctl show -P Environment systemd-random-seed',
    ),
    /SYSTEMD_RANDOM_SEED_CREDIT=no/,
  );
  if (more !== '') await vm.ask(more);
  assert.equal(await vm.powerOff(), 0);
  return { id, keys, client };
}

test('two machines from one image: different identities, each stable over three boots; bound to the machine, it stays there', async () => {
  const images = await build('machine');
  const first = await boot(images, A, '', ['--fresh-disk']);
  // Not saved: host keys are new at each boot, the rest is as the firmware says.
  const a = await boot(images, A, 'mkma persist --identity');
  assert.deepEqual([a.id, a.client], [first.id, first.client]);
  assert.notEqual(a.keys, first.keys);
  const there = 'mkma status | grep -q "of another machine, not applied"';
  const b = await boot(images, B, `${there} && mkma persist --identity`);
  for (const what of ['id', 'keys', 'client'] as const) assert.notEqual(a[what], b[what]);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await boot(images, A, there), a);
    assert.deepEqual(await boot(images, B, there), b);
  }
});

test('bound to the medium it goes with it', async () => {
  const images = await build('medium');
  const a = await boot(images, A, 'mkma persist --identity', ['--fresh-disk']);
  assert.deepEqual(await boot(images, B), a);
});
