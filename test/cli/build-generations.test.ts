/** Builds that add generations, and the policy that drops old ones. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mkma, temporary } from './cli.js';
import { writeSmall } from './small.js';

test('images of before become the first generation; builds add others; the oldest go, but no pinned one', async () => {
  using folder = temporary();
  const output = join(folder.path, 'images');
  const build = async (...more: string[]) => {
    const config = join(folder.path, 'mkma.config.ts');
    const { code, stdout, stderr } = await mkma([
      'build',
      '--config',
      config,
      '-o',
      output,
      '--json',
      ...more,
    ]);
    assert.equal(code, 0, stderr);
    return { ...JSON.parse(stdout), stderr };
  };
  const file = (text: string): string => `files: { '/etc/text': '${text}' }`;
  writeSmall(folder.path, 'small', file('one'));
  assert.equal((await build()).generation, undefined);
  writeSmall(folder.path, 'small', file('two'));
  const second = await build('--generation');
  assert.match(second.stderr, /the images of before are generation 1/);
  assert.equal(second.generation, 2);
  const at = (number: number, name: string): string => join(output, 'generations', String(number), name);
  assert.notEqual(statSync(at(1, 'base.cpio.zst')).ino, statSync(at(2, 'base.cpio.zst')).ino);
  assert.equal(statSync(at(1, 'vmlinuz')).ino, statSync(at(2, 'vmlinuz')).ino);
  assert.equal(statSync(at(2, 'base.cpio.zst')).ino, statSync(join(output, 'base.cpio.zst')).ino);
  assert.equal((await build('--generation')).generation, 2);
  const pinned = await mkma(['generations', 'pin', '1', '-o', output]);
  assert.equal(pinned.code, 0, pinned.stderr);
  for (const [text, number, dropped, left] of [
    ['three', 3, [], ['1', '2', '3']],
    ['four', 4, [2], ['1', '3', '4']],
  ] as const) {
    writeSmall(folder.path, 'small', file(text), 'generations: { keep: 2 }');
    const built = await build();
    assert.deepEqual([built.generation, built.dropped], [number, dropped]);
    assert.deepEqual(readdirSync(join(output, 'generations')).sort(), left);
  }
  const diff = await mkma(['generations', 'diff', '3', '4', '-o', output]);
  assert.match(diff.stdout, /^~ .* \/etc\/text: size 5 -> 4, mtime /m);
  const { packages } = JSON.parse(
    (await mkma(['inspect', '--json', at(4, 'base.cpio.zst')])).stdout,
  ).manifest;
  assert.match(packages, /^kmod \S+$/m);
  assert.match(readFileSync(at(4, 'cmdline'), 'utf8'), /^(\S+ \S+\/generations\/4)?\n$/);
});
