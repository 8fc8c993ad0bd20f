/** A question on a real terminal (script(1)): what each way of answering comes to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { main, temporary } from './cli.js';

/** Ask for a program that mkma finds missing, here alone: in mounts of our own its place is covered. Then type. */
async function asked(keys: string): Promise<{ code: number | null; screen: string }> {
  using folder = temporary();
  const words = [process.execPath, main, 'test', '--output', folder.path]
    .map((word) => `'${word}'`)
    .join(' ');
  const hide = 'mount --bind /dev/null "$(command -v qemu-system-x86_64)"';
  const inside = `${hide} && exec script --quiet --return --command "$0" /dev/null`;
  const child = spawn('unshare', ['--mount', 'sh', '-c', inside, words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, MKMA_LAUNCHER: '1', TERM: 'dumb', SHELL: '/bin/sh' },
    timeout: 60_000,
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const before = screen.includes('[Y/n]');
    screen += text;
    if (!before && screen.includes('[Y/n]')) child.stdin.write(keys);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, screen: screen.replaceAll('\r', '') };
}

test('Ctrl-C is an interruption', async () => {
  const { code, screen } = await asked('\x03');
  assert.equal(code, 130, screen);
  assert.match(screen, /Install them now\? \[Y\/n\] \nerror: interrupted \[interrupted\]\n/);
});

for (const [name, keys] of [
  ['the end of the input (Ctrl-D)', '\x04'],
  ['n', 'n\r'],
] as const) {
  test(`${name} is a no: nothing is installed, and how to is said`, async () => {
    const { code, screen } = await asked(keys);
    assert.equal(code, 1, screen);
    assert.match(screen, /\nerror: programs are missing on this host \[program-missing\]\n/);
    assert.match(screen, /next: install them: apt-get install .*qemu-system-x86/);
  });
}
