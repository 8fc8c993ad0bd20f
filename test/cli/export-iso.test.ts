import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, mkma, temporary } from './cli.js';
import { smallSet } from './medium.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

test('an ISO has the set and finds itself by what it holds; the same images make the same bytes', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  writeFileSync(join(images, 'persistence.20260101_000000.cpio.zst'), 'a layer', { mode: 0o600 });
  const [a, b, c] = ['a=1.iso', 'b.iso', 'c.iso'].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  const args = ['--output', images, '--json'];
  const made = await mkma(['export', 'iso', a, ...args]);
  assert.equal(made.code, 0, made.stderr);
  const { label } = JSON.parse(made.stdout) as { label: string };
  for (const name of readdirSync(images)) utimesSync(join(images, name), 1, 1);
  assert.equal((await mkma(['export', 'iso', b, ...args])).code, 0);
  assert.equal(execFileSync('cmp', [a, b]).length, 0);
  const [head] = execFileSync('blkid', ['--probe', '--match-tag', 'LABEL', '--output', 'value', a], {
    encoding: 'utf8',
  }).split('\n');
  assert.equal(head, label);
  const parts = execFileSync('sfdisk', ['--dump', a], { encoding: 'utf8' });
  assert.match(parts, /type=cd, bootable\n.*type=ef/);
  const root = join(folder.path, 'root');
  execFileSync('xorriso', ['-osirrox', 'on', '-indev', a, '-extract', '/', root], { stdio: 'ignore' });
  const menu = readFileSync(join(root, 'boot/grub/grub.cfg'), 'utf8');
  assert.match(menu, new RegExp(`search --no-floppy --set=root --label ${label}\\n`));
  assert.match(
    menu,
    new RegExp(`mkma_storage_device=LABEL=${label} mkma_images_path=/mkma/generations/1 quiet`),
  );
  execFileSync('grub-script-check', [], { input: menu });
  for (const name of readdirSync(images).filter((one) => one !== 'cmdline')) {
    const there = join(root, 'mkma/generations/1', name);
    assert.ok(readFileSync(there).equals(readFileSync(join(images, name))), name);
    assert.equal(statSync(there).mode & 0o777, statSync(join(images, name)).mode & 0o777, name);
  }
  assert.equal(statSync(join(root, 'mkma')).mode & 0o777, 0o755);
  // Another content is another label: two of them in one machine do not mix.
  assert.equal((await mkma(['export', 'iso', c, ...args, '--layers', 'none'])).code, 0);
  assert.notEqual(
    execFileSync('blkid', ['-p', '-s', 'LABEL', '-o', 'value', c], { encoding: 'utf8' }).trim(),
    label,
  );
  assert.equal(codeOf(await mkma(['export', 'iso', c, ...args])), 'target-not-medium');
  assert.equal(
    codeOf(await mkma(['export', 'iso', join(folder.path, 'd'), '--json', '--output', join(root, 'boot')])),
    'image-missing',
  );
  assert.ok(!existsSync(join(folder.path, 'd')));
});
