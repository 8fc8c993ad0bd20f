/** Files around an installation: where the images are read from, and the new file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ok } from '../../src/core/result.js';
import { newFile, publishNew } from '../../src/host/media/new-file.js';
import { lockImages, lockToRead } from '../../src/host/sys/output.js';
import { codeOf, mkma, temporary } from './cli.js';
import { smallSet } from './medium.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

test('images on a read-only file system are locked for reading, with a lock of a build and without', async () => {
  using folder = temporary();
  const [images, mounted] = ['images', 'mounted'].map((name) => join(folder.path, name)) as [string, string];
  const code = async (lock: typeof lockImages): Promise<string> => {
    const taken = await lock(mounted, undefined);
    if (taken.ok) taken.value[Symbol.dispose]();
    return taken.ok ? '' : taken.problem.code;
  };
  mkdirSync(join(images, '.mkma'), { recursive: true });
  mkdirSync(mounted);
  execFileSync('mount', ['--bind', images, mounted]);
  execFileSync('mount', ['-o', 'remount,bind,ro', mounted]);
  try {
    assert.equal(await code(lockToRead), '');
    const build = await lockImages(images, undefined);
    assert.ok(build.ok);
    assert.equal(await code(lockToRead), 'output-folder-taken', 'a build through another mount');
    build.value[Symbol.dispose]();
    assert.equal(await code(lockToRead), '');
    assert.equal(await code(lockImages), 'lock-not-opened', 'to change them');
  } finally {
    execFileSync('umount', [mounted]);
  }
});

test('a new file replaces nothing: what was there, what appears meanwhile, a link that leads nowhere', async () => {
  using folder = temporary();
  const path = join(folder.path, 'x.iso');
  const publish = async (meanwhile: () => void): Promise<string> => {
    const signal = new AbortController().signal;
    const done = await publishNew(path, undefined, signal, async (made) => {
      writeFileSync(made, 'made');
      meanwhile();
      return ok();
    });
    assert.deepEqual(
      readdirSync(folder.path).filter((name) => name !== 'x.iso'),
      [],
    );
    return done.ok ? '' : done.problem.code;
  };
  assert.equal(await publish(() => writeFileSync(path, 'of another')), 'target-not-medium');
  assert.equal(readFileSync(path, 'utf8'), 'of another');
  rmSync(path);
  assert.equal(await publish(() => symlinkSync('nowhere', path)), 'target-not-medium');
  assert.equal(readlinkSync(path), 'nowhere');
  const early = newFile(path);
  assert.equal(early.ok ? '' : early.problem.code, 'target-not-medium');
  rmSync(path);
  assert.equal(await publish(() => undefined), '');
  assert.equal(readFileSync(path, 'utf8'), 'made');
});

test('a new file in a folder that is missing is refused, by install and export', async () => {
  using folder = temporary();
  const images = smallSet(join(folder.path, 'images'));
  for (const words of [['install'], ['export', 'iso']]) {
    const got = await mkma([...words, join(folder.path, 'missing/x'), '--output', images, '--json']);
    assert.equal(codeOf(got), 'no-such-folder', words.join(' '));
  }
});
