/** A program that a test runs by `execute` ends with it, however the test ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('./cli.js', import.meta.url));

test('a program goes with the test that runs it', async () => {
  const program = `process.stderr.write(String(process.pid)); setInterval(() => undefined, 1e6)`;
  const script = `import { execute } from ${JSON.stringify(CLI)};
await execute(process.execPath, ['-e', ${JSON.stringify(program)}], { onStderr: (pid) => console.log(pid) });`;
  const tested = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pid = 0;
  try {
    const said = once(tested.stdout.setEncoding('utf8'), 'data');
    const [text] = (await Promise.race([said, once(tested, 'exit')])) as [unknown];
    pid = Number(text);
    assert.ok(isAlive(pid));
    tested.kill('SIGKILL');
    for (let tries = 0; tries < 100 && isAlive(pid); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(!isAlive(pid));
  } finally {
    tested.kill('SIGKILL');
    if (pid > 1 && isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
});

/** A process that nobody has waited for yet has ended: it has no command line. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
