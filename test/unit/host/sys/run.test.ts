import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../../../../src/core/result.js';
import { Interrupted, run, runAny, runBytes, start } from '../../../../src/host/sys/run.js';

const sh = (script: string) => ({ file: 'sh', args: ['-c', script] });

const codeOf = (result: Result<unknown>) => (result.ok ? undefined : result.problem.code);

/** Whether a process is there and has not ended. */
function lives(pid: string): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

async function ends(pid: string): Promise<boolean> {
  for (let i = 0; i < 100 && lives(pid); i++) await sleep(20);
  return !lives(pid);
}

/** A program that starts another, prints its number, and waits for it; both hold the pipe. */
const PARENT = sh('sleep 60 & echo $!; wait');

test('a program runs to its end: what it printed, how it ended, what it was given', async () => {
  const told = await runAny({ ...sh('cat; echo wörter >&2; exit 3'), input: 'in\n' });
  assert.deepEqual(told.ok && told.value, { stdout: 'in\n', stderr: 'wörter\n', exitCode: 3 });
  const bytes = await runBytes(sh("printf '\\377'"));
  assert.deepEqual(bytes.ok && [...bytes.value], [255]);
  const lines: string[] = [];
  await run(sh("printf 'a\\nb\\r'; sleep 0.1; printf 'c'"), { onLine: (line) => lines.push(line) });
  assert.deepEqual(lines, ['a', 'b', 'c']);
});

test('input that nobody reads is no failure by itself', async () => {
  const told = await run({ ...sh('exit 0'), input: new Uint8Array(2 ** 20) });
  assert.ok(told.ok);
});

test('what went wrong is a problem: the exit code, a signal, a program that is missing', async () => {
  assert.equal(codeOf(await run(sh('echo no >&2; exit 4'))), 'program-failed');
  assert.equal(codeOf(await runAny(sh('kill -KILL $$'))), 'program-ended-by-signal');
  assert.equal(codeOf(await runAny({ file: '/nowhere/mkma-no-such-program', args: [] })), 'program-missing');
  const ended = await start(sh('kill -KILL $$')).ended;
  assert.equal(ended.ok && ended.value.exitCode, 137);
});

test('a program that takes too long is ended with all that it started', async () => {
  let child = '';
  const told = await runAny(PARENT, {
    timeout: 0.5,
    onLine: (line) => {
      child = line;
    },
  });
  assert.equal(codeOf(told), 'program-timed-out');
  assert.match(child, /^\d+$/);
  assert.ok(await ends(child), 'what it started lives on');
});

test('a program in the foreground has the time it needs to end: it may have programs of its own', async () => {
  const interrupt = new AbortController();
  // What it waits for has none of its streams: they would be waited for as well.
  const slow = start(sh('trap "sleep 3.5; exit 7" TERM; sleep 10 2>/dev/null & wait'), {
    foreground: true,
    signal: interrupt.signal,
  });
  setTimeout(() => interrupt.abort(), 200);
  const ended = await slow.ended;
  assert.equal(ended.ok && ended.value.exitCode, 7);
});

test('a program with streams that takes too long has failed, whatever it ends with', async () => {
  const slow = start(sh('trap "exit 0" TERM; sleep 60 & wait'), { timeout: 0.2 });
  assert.equal(codeOf(await slow.ended), 'program-timed-out');
});

test('an interruption ends a program with all that it started, even one that does not listen', async () => {
  for (const script of ['sleep 60 & echo $!; wait', 'trap "" TERM; sleep 60 & echo $!; wait']) {
    const interrupt = new AbortController();
    let child = '';
    const running = runAny(sh(script), {
      signal: interrupt.signal,
      onLine: (line) => {
        child = line;
        interrupt.abort();
      },
    });
    await assert.rejects(running, Interrupted);
    assert.ok(await ends(child), 'what it started lives on');
  }
  const interrupt = AbortSignal.abort();
  await assert.rejects(runAny(PARENT, { signal: interrupt }), Interrupted);
});

test('a command to repeat names no folder that is gone by then', async () => {
  const nextOf = async (...args: string[]): Promise<string> => {
    const failed = await run({ file: 'false', args, name: 'maker' });
    assert.equal(failed.ok ? '' : failed.problem.what, 'maker failed (exit code 1)');
    return failed.ok ? '' : (failed.problem.next ?? '');
  };
  assert.equal(await nextOf('/tmp/kept'), 'run it by hand: false /tmp/kept');
  assert.doesNotMatch(await nextOf('/var/cache/mkma/tmp/scratch-12-aB3dE6/esp.img'), /scratch-/);
});
