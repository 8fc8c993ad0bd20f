/** Ctrl-C at a real terminal (script(1)) while `mkma persist` packs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url, { storageBytes: 64 * 2 ** 20, ramBytes: 2 ** 30 });

// At once: before anything is packed. Later: while zstd works.
for (const delay of [0, 150, 1500]) {
  test(`Ctrl-C ${delay} ms after the packing began: told as that, and nothing is left`, async () => {
    machine.newBase((base) => mkdirSync(join(base, 'root')));
    machine.boot();
    // Digits, since content that hardly compresses is packed in a moment.
    writeFileSync(join(machine.merged, 'root/data'), randomBytes(12 * 2 ** 20).toString('hex'));
    const command = `chroot '${machine.root}' /usr/bin/mkma persist --all`;
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SHELL: '/bin/sh', TERM: 'dumb' },
    });
    let screen = '';
    let pressed = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
      if (pressed || !screen.includes('packing')) return;
      pressed = true;
      setTimeout(() => child.stdin.write('\x03'), delay);
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    assert.match(screen, /error: interrupted \[interrupted\]\r\n {2}next: nothing was saved\r\n$/);
    assert.equal(code, 130);
    assert.deepEqual(machine.files(), ['base.cpio.zst']);
  });
}
