/** Servers that go on from one saved machine: each is reached from this host, and makes host keys of its own. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { execute, main } from '../cli/cli.js';
import { builtImages } from '../vm/harness.js';
import { freePort } from '../vm/listening.js';
import { resume } from '../vm/saved.js';

/** Kept, as the images under test are: the next run goes on with the same saved machine. */
const output = join(dirname(builtImages()), 'server');

const DEFINITION = {
  extends: ['server'],
  hostname: 'server',
  format: 'erofs',
  users: { root: { autologin: ['ttyS0'] } },
};

/** The first bytes that somebody behind a port of this host says. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 60_000 });
    socket.setEncoding('utf8').once('data', (text: string) => resolve(text));
    for (const event of ['timeout', 'error', 'end']) {
      socket.once(event, () => reject(new Error(`nothing came from port ${port}: ${event}`)));
    }
    socket.once('data', () => socket.destroy());
  });
}

/** Go on with the server: reach it, have it make host keys anew, and reach it by these. Resolves to its public keys, without comments. */
async function keysOfResumed(): Promise<readonly string[]> {
  const port = await freePort();
  const { vm: machine } = await resume({ images: output, args: ['--forward', `${port}:22`] });
  await using vm = machine;
  // At once: within a minute the kernel's generator takes new seed by itself, which would hide that nobody gave it any.
  const before = await vm.ask('cat /etc/ssh/ssh_host_ed25519_key.pub');
  const keys = await vm.ask(
    'rm -f /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null && cut -d" " -f1,2 /etc/ssh/ssh_host_*.pub',
  );
  assert.ok(!keys.includes(before.split(' ')[1] ?? before), 'no new keys were made');
  assert.match(await greeting(port), /^SSH-2\.0-OpenSSH/);
  await vm.ask('systemctl restart ssh');
  const scan = ['-T', '120', '-t', 'ed25519', '-p', String(port), '127.0.0.1'];
  const shown = await execute('ssh-keyscan', scan);
  const [, ed25519 = ''] = /^\S+ (ssh-ed25519 \S+)$/m.exec(shown.stdout) ?? [];
  const list = keys.split('\n');
  assert.ok(list.includes(ed25519), `${shown.stdout}${shown.stderr}\nnot among\n${keys}`);
  return list;
}

test('two servers resumed from one file are reached by the network, and make different host keys', async () => {
  const config = join(output, 'machine.json');
  mkdirSync(output, { recursive: true });
  writeFileSync(config, JSON.stringify(DEFINITION));
  const built = await execute(process.execPath, [main, 'build', '--config', config, '--output', output]);
  assert.equal(built.code, 0, built.stderr);
  // One after the other: what they have in common is where they go on from.
  const first = await keysOfResumed();
  const second = await keysOfResumed();
  assert.deepEqual(first.map((key) => key.split(' ')[0]).sort(), [
    'ecdsa-sha2-nistp256',
    'ssh-ed25519',
    'ssh-rsa',
  ]);
  assert.equal(new Set([...first, ...second]).size, 6, [...first, ...second].join('\n'));
});
