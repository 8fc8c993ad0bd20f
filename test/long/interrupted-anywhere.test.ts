/** Ctrl-C and SIGKILL at random moments of a build, as root and as a plain user: nothing goes on, nothing is left, and the bytes stay. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defaultCache } from '../../src/host/cli/options.js';
import { type Ended, type MkmaOptions, mkma, temporary } from '../cli/cli.js';
import { Chance } from '../cli/persist/random.js';
import { PlainUser } from '../cli/plain-user.js';
import { lastingProcessesOf } from '../cli/processes.js';
import { writeSmall } from '../cli/small.js';

const SEED = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);
const MOMENTS = Number(process.env.MKMA_TEST_ROUNDS ?? 20);

describe('a build ended at random moments', () => {
  const folder = temporary();
  const user = new PlainUser(folder.path);
  after(() => folder[Symbol.dispose]());

  const builders: [string, string, (args: readonly string[], options: MkmaOptions) => Promise<Ended>][] = [
    ['root', join(folder.path, 'root'), (args, options) => mkma(args, options)],
    ['a plain user', join(user.home, 'own'), (args, options) => user.mkma(args, options)],
  ];

  for (const [who, place, run] of builders) {
    test(`by ${who}, ${MOMENTS} times`, async (context) => {
      context.diagnostic(`MKMA_TEST_SEED=${SEED} MKMA_TEST_ROUNDS=${MOMENTS}`);
      const [out, cache] = [join(place, 'out'), join(place, 'cache')];
      const kept = join(defaultCache(true, process.env), 'debs');
      mkdirSync(join(cache, 'debs'), { recursive: true });
      for (const name of existsSync(kept) ? readdirSync(kept).filter((one) => one.endsWith('.deb')) : [])
        copyFileSync(join(kept, name), join(cache, 'debs', name));
      const config = writeSmall(place, 'whole');
      if (place.startsWith(user.home)) user.own(user.home);
      const words = [
        '--config',
        config,
        '--output',
        out,
        '--cache',
        cache,
        '--source-date-epoch',
        '1764500000',
      ];
      const build = (hostname: string, options: MkmaOptions = {}) =>
        run(['build', hostname, ...words], options);
      const digest = () =>
        createHash('sha256')
          .update(readFileSync(join(out, 'base.cpio.zst')))
          .digest('hex');
      const succeeded = ({ code, stdout, stderr }: Ended): void => assert.equal(code, 0, stdout + stderr);

      succeeded(await build('whole'));
      const whole = digest();
      const begin = performance.now();
      succeeded(await build('other'));
      // What a build of the same kind takes here, from its start to its end.
      const length = performance.now() - begin;
      const mounts = readFileSync('/proc/mounts', 'utf8');
      const chance = new Chance(SEED);
      for (let i = 0; i < MOMENTS; i++) {
        const signal = chance.pick(['SIGKILL', 'SIGINT'] as const);
        const delay = chance.number(Math.round(length));
        const where = `${i + 1}: ${signal} after ${delay} ms`;
        let timer: NodeJS.Timeout | undefined;
        const ended = await build(`host-${i}`, {
          onStart: (child) => {
            timer = setTimeout(() => child.kill(signal), delay);
          },
        });
        clearTimeout(timer);
        // Before Node.js has taken over its signals, the kernel's default counts.
        assert.ok([0, null, 130].includes(ended.code), `${where}\n${ended.stderr}`);
        assert.deepEqual(await lastingProcessesOf(folder.path), [], where);
        assert.equal(readFileSync('/proc/mounts', 'utf8'), mounts, where);
      }
      succeeded(await build('whole'));
      assert.equal(digest(), whole);
      const folders = [join(out, '.mkma'), join(cache, 'tmp'), join(cache, 'stages')];
      const left = folders.flatMap((path) => readdirSync(path)).filter((name) => name.startsWith('scratch-'));
      assert.deepEqual(left, []);
    });
  }
});
