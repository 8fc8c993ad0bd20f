/** Files around an installation: where the images are read from, and the new file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockImages, lockToRead } from '../../src/host/sys/output.js';
import { temporary } from './cli.js';
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
