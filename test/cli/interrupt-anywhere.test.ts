/** SIGKILL and Ctrl-C at random moments of a build: no mount, no process, no leftover; the next build gives the same bytes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sha256Of } from '../../src/host/sys/digest.js';
import { removeTree } from '../../src/host/sys/remove.js';
import { mkma, temporary } from './cli.js';
import { processesOf } from './processes.js';
import { writeSmall } from './small.js';

/** The short suite has a handful. */
const MOMENTS = process.env.MKMA_TEST_LONG === '1' ? 20 : 3;
const OUTPUTS = ['base.cpio.zst', 'initramfs.cpio.zst', 'vmlinuz', 'packages.spdx.json'];

describe('a build that is ended at a random moment', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  let args: string[] = [];
  let whole = new Map<string, string>();
  let milliseconds = 0;
  const digests = async (): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const name of OUTPUTS) found.set(name, await sha256Of(join(out, name)));
    return found;
  };
  const build = () => mkma(args);
  before(async () => {
    const config = writeSmall(folder.path, 'anywhere');
    args = ['build', '--config', config, '--output', out, '--source-date-epoch', '1700000000'];
    const begin = Date.now();
    const first = await build();
    assert.equal(first.code, 0, first.stderr);
    milliseconds = Date.now() - begin;
    whole = await digests();
  });
  after(() => folder[Symbol.dispose]());

  for (let i = 0; i < MOMENTS; i++) {
    const signal = i % 2 === 0 ? 'SIGKILL' : 'SIGINT';
    // Spread over the whole build, and random within each part.
    const share = (i + Math.random()) / MOMENTS;
    test(`${signal} after ${Math.round(share * 100)} % of its time`, async () => {
      removeTree(out);
      const mounts = readFileSync('/proc/mounts', 'utf8');
      let sent = false;
      const ended = await mkma([...args, '--verbose'], {
        onStderr: (_text, child) => {
          if (sent) return;
          sent = true;
          setTimeout(() => child.kill(signal), share * milliseconds);
        },
      });
      assert.ok([null, 130, 0].includes(ended.code), ended.stderr);
      for (let n = 0; n < 100 && processesOf(folder.path).length > 0; n++)
        await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(processesOf(folder.path), []);
      assert.equal(readFileSync('/proc/mounts', 'utf8'), mounts);
      const again = await build();
      assert.equal(again.code, 0, again.stderr);
      assert.deepEqual(await digests(), whole);
      const left = readdirSync(join(out, '.mkma')).filter((name) => /^(scratch-|\.)/.test(name));
      assert.deepEqual(left, []);
    });
  }
});
