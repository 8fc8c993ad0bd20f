/** Ctrl-C at any stage: no mount, no process, no half file; the next build works. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultCache } from '../../src/host/cli/options.js';
import { mkma, temporary } from './cli.js';
import { lastingProcessesOf, processesOf } from './processes.js';
import { writeSmall } from './small.js';

/** Stages that the short suite interrupts: while others' programs run, and while mkma's own do. */
const SHORT = [1, 4];

describe('interrupted builds', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const cache = join(folder.path, 'cache');
  const small = ['--config', writeSmall(folder.path, 'stop'), '--output', out];
  // What is downloaded is interrupted by the first case alone, of the long suite.
  before(() => {
    if (process.env.MKMA_TEST_LONG === '1') return;
    const kept = join(defaultCache(true, process.env), 'debs');
    mkdirSync(join(cache, 'debs'), { recursive: true });
    for (const name of existsSync(kept) ? readdirSync(kept) : [])
      copyFileSync(join(kept, name), join(cache, 'debs', name));
  });
  after(() => folder[Symbol.dispose]());

  /** Build until stderr matches, then send the signal. */
  async function interrupt(args: string[], when: RegExp, signal: NodeJS.Signals, delay = 0) {
    let sent = false;
    const got = await mkma(['build', 'stop', ...small, '--verbose', ...args], {
      onStderr: (text, child) => {
        if (sent || !when.test(text)) return;
        sent = true;
        setTimeout(() => child.kill(signal), delay);
      },
    });
    assert.ok(sent, `never printed ${when}: ${got.stderr}`);
    return got;
  }

  function nothingLeft(mounts: string, ended: { code: number | null; stderr: string }): void {
    assert.equal(ended.code, 130, ended.stderr);
    assert.match(ended.stderr, /^error: interrupted \[interrupted\]$/m);
    assert.deepEqual(processesOf(folder.path), []);
    assert.equal(readFileSync('/proc/mounts', 'utf8'), mounts);
    assert.deepEqual(readdirSync(out), ['.mkma']);
    assert.deepEqual(
      readdirSync(join(out, '.mkma')).filter((name) => name !== 'lock' && name !== 'logs'),
      [],
    );
  }

  const own = ['--cache', cache];
  const all: [string, string[], RegExp, NodeJS.Signals, number][] = [
    ['while downloading', own, /\| (Get|Hit):\d/, 'SIGINT', 0],
    ['while packages are installed', own, /installing essential packages/, 'SIGTERM', 500],
    [
      'while the tree is put together',
      [],
      /^system\| customising|^system\| unpacking the kernel/m,
      'SIGINT',
      100,
    ],
    ['while the initramfs is made', [], /^initramfs: start/m, 'SIGINT', 200],
    ['while the base is packed', [], /^base: start/m, 'SIGINT', 100],
    ['at the very beginning', [], /^(packages|tools): /m, 'SIGHUP', 0],
  ];
  // The others differ by what runs at that moment: the long suite has them.
  const stages = process.env.MKMA_TEST_LONG === '1' ? all : all.filter((_, i) => SHORT.includes(i));
  for (const [name, args, when, signal, delay] of stages) {
    test(`${name} (${signal})`, async () => {
      const mounts = readFileSync('/proc/mounts', 'utf8');
      nothingLeft(mounts, await interrupt(args, when, signal, delay));
      if (args === own) {
        for (const part of ['stages', 'tmp']) {
          assert.deepEqual(
            readdirSync(join(cache, part)).filter((entry) => !entry.startsWith('tools-')),
            [],
            part,
          );
        }
      }
    });
  }

  test('the next build works', async () => {
    const got = await mkma(['build', 'stop', ...small]);
    assert.equal(got.code, 0, got.stderr);
  });

  test('killed outright (SIGKILL): nothing goes on, and the next build clears up', async () => {
    const again = ['--cache', cache, '--refresh'];
    const killed = await interrupt(again, /installing essential packages/, 'SIGKILL', 300);
    assert.equal(killed.code, null);
    assert.deepEqual(await lastingProcessesOf(folder.path), []);
    const got = await mkma(['build', 'stop', ...small]);
    assert.equal(got.code, 0, got.stderr);
    assert.deepEqual(readdirSync(join(out, '.mkma')).sort(), [
      'definition.json',
      'lock',
      'logs',
      'state.json',
      'tree.json',
    ]);
  });
});
