import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Part } from '../../../../src/host/definition/choices.js';
import { leaveOut } from '../../../../src/host/leave-out/leave-out.js';

/** A tree without kernel modules, so that nothing in it has to run. */
function treeOf(files: Readonly<Record<string, number>>): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), 'mkma-leave-out-'));
  for (const [path, size] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), Buffer.alloc(size));
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

async function leave(root: string, parts: readonly Part[]) {
  const hardware = { modaliases: [], loaded: [] };
  return leaveOut({ root, release: '6.12', parts, hardware, needed: [] });
}

test('files of a part go, folders that are empty then too, and the others are measured', async () => {
  using tree = treeOf({
    'usr/share/doc/bash/README': 5000,
    'usr/share/doc/bash/copyright': 1,
    'usr/share/doc/only/README': 1,
    'usr/share/man/man1/bash.1': 1,
    'usr/share/locale/de/LC_MESSAGES/bash.mo': 1,
  });
  symlinkSync('bash', join(tree.root, 'usr/share/doc/bash-static'));
  const saved = await leave(tree.root, ['docs']);
  assert.ok(saved.ok);
  assert.deepEqual(saved.value.docs, { leftOut: true, bytes: 4 * 4096 });
  assert.deepEqual(saved.value.locales, { leftOut: false, bytes: 4096 });
  assert.deepEqual(readdirSync(join(tree.root, 'usr/share/doc')), ['bash', 'bash-static']);
  assert.deepEqual(readdirSync(join(tree.root, 'usr/share/doc/bash')), ['copyright']);
  assert.deepEqual(readdirSync(join(tree.root, 'usr/share/man')), ['man1']);
  assert.ok(existsSync(join(tree.root, 'usr/share/locale/de/LC_MESSAGES/bash.mo')));
});

test('links of the tree lead nowhere else: neither a folder that is a link, nor what links in it lead to', async () => {
  using outside = treeOf({ README: 1, 'deep/README': 1 });
  mkdirSync(join(outside.root, 'empty'));
  using tree = treeOf({ 'usr/share/doc/foo/README': 1 });
  symlinkSync(outside.root, join(tree.root, 'usr/share/doc/foo/conf'));
  symlinkSync(outside.root, join(tree.root, 'usr/share/doc/bar'));
  symlinkSync(outside.root, join(tree.root, 'usr/share/info'));
  const saved = await leave(tree.root, ['docs', 'locales']);
  assert.ok(saved.ok);
  assert.deepEqual(readdirSync(outside.root).sort(), ['README', 'deep', 'empty']);
  assert.deepEqual(readdirSync(join(outside.root, 'deep')), ['README']);
  assert.equal(saved.value.docs.bytes, 4096);
});

test('where no device is told, modules are not left out blindly', async () => {
  using tree = treeOf({ 'usr/share/keep': 1 });
  const refused = await leave(tree.root, ['modules']);
  assert.ok(!refused.ok);
  assert.equal(refused.problem.what, 'cannot determine which kernel modules this machine needs');
});
