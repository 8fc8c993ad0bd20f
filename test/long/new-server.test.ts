/** From `mkma new` to a server that is reached from this host, by the key of who made it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute, main, temporary } from '../cli/cli.js';
import { Vm } from '../vm/harness.js';
import { freePort, listening } from '../vm/listening.js';

test('a new server is built and run, and lets in by ssh who made it; it reaches nothing', async () => {
  using folder = temporary();
  const home = join(folder.path, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true });
  const key = join(home, '.ssh/id_ed25519');
  const made = await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'me@home', '-f', key]);
  assert.equal(made.code, 0, made.stderr);
  const env = { ...process.env, HOME: home };
  const own = join(folder.path, 'web');
  const steps = [['new', 'web', '--preset', 'server'], ['build']];
  for (const [i, step] of steps.entries()) {
    const done = await execute(process.execPath, [main, ...step], { env, cwd: i === 0 ? folder.path : own });
    assert.equal(done.code, 0, done.stderr);
    if (step[0] === 'build')
      assert.match(done.stdout, /^ {2}logins +admin with a key, can sudo without a password$/m);
  }

  const port = await freePort();
  await using host = await listening();
  await using vm = Vm.start('', { args: ['--forward', `${port}:22`], images: join(own, 'mkma_images') });
  await vm.expect(/port \d+ of this host is forwarded to port 22 of the machine/, 60);
  await vm.expect(/server login: /, 600);
  const known = join(folder.path, 'known_hosts');
  const ssh = (command: string) =>
    execute('ssh', [
      ...['-i', key, '-p', String(port), '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=accept-new'],
      ...['-o', `UserKnownHostsFile=${known}`, '-o', 'ConnectTimeout=60', 'admin@127.0.0.1', command],
    ]);
  let got = await ssh('hostname; id -un; sudo id -un');
  // The address comes after the login prompt.
  for (let i = 0; i < 60 && got.code === 255; i++) {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    got = await ssh('hostname; id -un; sudo id -un');
  }
  assert.deepEqual([got.code, got.stdout], [0, 'server\nadmin\nroot\n'], got.stderr);
  assert.ok(readFileSync(known, 'utf8').length > 0);
  // 10.0.2.2 is this host, as the machine would see it (qemu(1), "-netdev user").
  const outside = `ip -4 route; timeout 20 bash -c 'exec 3<>/dev/tcp/10.0.2.2/${host.port}' 2>&1 && echo reached`;
  const isolated = await ssh(outside);
  assert.match(isolated.stdout, / src 10\.0\.2\.15 /);
  assert.ok(!isolated.stdout.includes('reached'), isolated.stdout);
  // A key that nobody named does not get in.
  rmSync(key);
  rmSync(`${key}.pub`);
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const stranger = await ssh('true');
  assert.equal(stranger.code, 255);
  assert.match(stranger.stderr, /Permission denied \(publickey\)/);
});
