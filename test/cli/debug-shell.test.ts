/** A build that fails, watched at a real terminal (script(1)): what is drawn, its log, and the shell in its tree. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { codeOf, main, mkma, temporary } from './cli.js';
import { writeSmall } from './small.js';

/** Build at a terminal of some columns; `type` is typed once its prompt is there. */
async function atTerminal(
  args: readonly string[],
  columns: number,
  env: Readonly<Record<string, string>>,
  typed?: { readonly prompt: string; readonly keys: string },
): Promise<{ code: number | null; screen: string }> {
  const words = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
  const command = `stty columns ${columns} rows 24; exec ${words}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    timeout: 300_000,
  });
  let screen = '';
  let waiting = typed;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (waiting === undefined || !screen.includes(waiting.prompt)) return;
    child.stdin.write(waiting.keys);
    waiting = undefined;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, screen };
}

/** Everything that was ever drawn, as lines without colours. */
function linesOf(screen: string): string[] {
  return screen.split(/[\r\n]+/).map(stripVTControlCharacters);
}

describe('a build whose hook fails', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const logs = join(out, '.mkma/logs');
  const hook = "{ at: 'system', run: 'echo http://me:secret@host/ in $PWD\\ntest -e /repaired' }";
  const definition = writeSmall(folder.path, 'broken', `hooks: [${hook}]`);
  const words = ['build', '--config', definition, '--output', out];
  after(() => folder[Symbol.dispose]());

  test('the failure names its log, which has the step, the command, its output and no logins', async () => {
    const ended = await mkma([...words, '--json']);
    assert.equal(ended.code, 1, ended.stderr);
    assert.equal(codeOf(ended), 'hook-failed');
    const { error } = JSON.parse(ended.stdout) as { error: { log: string } };
    assert.equal(error.log, join(logs, 'system.unfinished.log'));
    const text = readFileSync(error.log, 'utf8');
    assert.match(text, /== customising: done \(\d+\.\d{3} s\)\n/);
    assert.match(text, /\$ .*chroot.*\n/);
    assert.match(text, /\] {3}http:\/\/\*\*\*@host\/ in \/\n/);
    assert.match(text, /== hooks\[0\] echo http:\/\/\*\*\*@host\/.*: failed \(/);
    assert.equal(text.includes('secret'), false);
    const events = ended.stderr
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const steps = events.filter(({ type, stage }) => type === 'step' && stage === 'system');
    assert.ok(
      steps.some(
        ({ path, state, seconds }) => path.join() === 'customising,units' && state === 'done' && seconds >= 0,
      ),
    );
    assert.ok(steps.some(({ path, state }) => path[0].startsWith('hooks[0] ') && state === 'failed'));
  });

  test('--debug-shell requires a terminal', async () => {
    const ended = await mkma([...words, '--debug-shell', '--json']);
    assert.equal(ended.code, 2);
    assert.equal(codeOf(ended), 'debug-shell-without-terminal');
  });

  test('--debug-shell enters the half-made tree, where what failed can be repeated', async () => {
    const keys = 'sh -ec "$MKMA_FAILED"; touch /repaired; sh -ec "$MKMA_FAILED" && echo it" "works; exit\r';
    const typed = { prompt: '(system)', keys };
    const { code, screen } = await atTerminal([...words, '--debug-shell'], 80, {}, typed);
    assert.equal(code, 1, screen);
    const lines = linesOf(screen);
    assert.ok(lines.includes('it works'), screen);
    assert.ok(
      lines.some((line) => line.startsWith('error: a hook failed')),
      screen,
    );
    // Everything is removed: neither tree nor scratch folder is left.
    assert.deepEqual(readdirSync(join(out, '.mkma')).sort(), ['lock', 'logs']);
  });

  for (const columns of [40, 80]) {
    test(`at ${columns} columns no line of progress is wider, and without colours there are none`, async () => {
      const { code, screen } = await atTerminal(words, columns, { NO_COLOR: '1' });
      assert.equal(code, 1, screen);
      const lines = linesOf(screen);
      const drawn = lines.filter((line) => /^ *[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✓=✗] /.test(line));
      assert.ok(
        drawn.some((line) => /^ {2}\S (customising|kernel)/.test(line)),
        screen,
      );
      assert.ok(
        lines.some((line) => /^ {4}hooks\[0\] .* \d\.\d s failed$/.test(line)),
        screen,
      );
      assert.ok(
        drawn.some((line) => /^✗ system/.test(line)),
        screen,
      );
      assert.deepEqual(
        drawn.filter((line) => line.length > columns),
        [],
      );
      for (const code of [31, 32, 34, 36]) assert.equal(screen.includes(`\u001b[${code}m`), false);
    });
  }
});
