/** What is not saved, in a line: what `persist --all` would save, as root counts it, and as others see it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const at = (path: string): string => join(machine.merged, path);

function put(path: string, bytes = 1000): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), 'x'.repeat(bytes));
}

beforeEach(() => {
  machine.newBase((root) => {
    for (const folder of ['etc', 'srv']) mkdirSync(join(root, folder));
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    writeFileSync(join(root, 'etc/motd'), 'base');
  });
  machine.boot();
});

function unsaved(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(['status', '--unsaved', ...args]);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** The same, as somebody else than root. */
function asUser(...args: string[]): string {
  const argv = ['--userspec=65534:65534', machine.root, '/usr/bin/mkma', 'status', '--unsaved', ...args];
  const { status, stdout, stderr } = spawnSync('/usr/sbin/chroot', argv, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

function save(...args: string[]): void {
  machine.sh('sleep 0.3', '');
  const { code, stdout, stderr } = machine.mkma(['persist', ...args, '--level', '1']);
  assert.equal(code, 0, stdout + stderr);
}

test('one line: what a save of all would save, with the rules; saved, it is nothing', () => {
  assert.equal(unsaved(), 'nothing unsaved\n');
  put('srv/a');
  put('srv/.cache/dropped');
  rmSync(at('etc/motd'));
  writeFileSync(at('etc/passwd'), 'root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/:/bin/sh\n');
  assert.equal(unsaved(), '3 unsaved changes, 1000 B: 1 account, 2 files and folders\n');
  const { at: counted, ...figures } = JSON.parse(unsaved('--json')) as { at: string };
  assert.deepEqual(figures, { changes: 3, packages: 0, accounts: 1, files: 2, bytes: 1000, current: true });
  assert.match(counted, /^\d{4}-/);
  save('--all');
  assert.equal(unsaved(), 'nothing unsaved\n');
  put('srv/b', 100);
  put('srv/c', 200);
  save('--select', '/srv/b');
  assert.equal(unsaved(), '1 unsaved change, 200 B: 1 file or folder\n');
});

test('others than root see what root has seen last, and how much was written since', () => {
  rmSync(join(machine.root, 'run/mkma/unsaved.json'), { force: true });
  assert.match(asUser(), /only root can count changes: sudo mkma status --unsaved\n$/);
  put('srv/a');
  assert.equal(unsaved(), '1 unsaved change, 1000 B: 1 file or folder\n');
  assert.match(asUser(), /^1 unsaved change, 1000 B: 1 file or folder \(root counted at [-\d: ]+ UTC\)\n$/);
  save('--all');
  assert.match(asUser(), /^nothing unsaved \(root counted at [-\d: ]+ UTC\)\n$/);
});

test('it waits for nobody, and a save waits for it; nothing stays mounted', async () => {
  put('srv/a');
  unsaved();
  const editor = join(machine.root, 'usr/bin/slow');
  writeFileSync(editor, '#!/bin/sh\ntouch /tmp/open; while [ -e /tmp/open ]; do sleep 0.05; done\n', {
    mode: 0o755,
  });
  const argv = [machine.root, '/usr/bin/mkma', 'persist', '--dry-run'];
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', EDITOR: '/usr/bin/slow' };
  const editing = spawn('/usr/sbin/chroot', argv, { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => editing.on('exit', resolve));
  machine.sh(
    'i=0; while [ ! -e "$0" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done; [ -e "$0" ]',
    join(machine.root, 'tmp/open'),
  );
  put('srv/b');
  assert.match(unsaved(), /^1 unsaved change, 1000 B: 1 file or folder \(root counted at/);
  rmSync(join(machine.root, 'tmp/open'));
  assert.equal(await ended, 0);
  // A look that takes a second; another one of those is not waited for.
  const lock = join(machine.root, 'run/mkma/persist.lock');
  const counting = spawn('flock', [lock, 'sh', '-c', 'touch "$0"; sleep 1', `${lock}.held`], {
    stdio: 'ignore',
  });
  const counted = new Promise((resolve) => counting.on('exit', resolve));
  machine.sh('until [ -e "$0" ]; do sleep 0.02; done', `${lock}.held`);
  writeFileSync(join(machine.root, 'run/mkma/persist.owner'), 'process 1 (mkma status), since now\n');
  assert.match(unsaved(), /root counted at/);
  save('--all');
  assert.equal(await counted, 0);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /run\/mkma\/(root|below)/);
});

/** Processor time of a look, in seconds: other tests run beside this one. */
function cost(): number {
  const script = `TIMEFORMAT='%U %S'; time /usr/sbin/chroot "$0" /usr/bin/mkma status --unsaved`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, machine.root], { encoding: 'utf8' });
  assert.match(stdout, /^1050 unsaved changes/);
  return stderr
    .trim()
    .split(' ')
    .map(Number)
    .reduce((a, b) => a + b);
}

test('a thousand changes are counted in little time', (context) => {
  for (let i = 0; i < 1000; i++) put(`srv/${i % 50}/file${i}`, 100);
  const costs = [1, 2, 3].map(cost);
  context.diagnostic(`seconds: ${costs.join(' ')}`);
  // 0.3 s are promised, of which some pass while others run.
  assert.ok(Math.min(...costs) < 0.4, costs.join(' '));
});
