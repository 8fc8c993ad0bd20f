import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { leaveOut } from '../../../../src/host/leave-out/leave-out.js';
import type { Part } from '../../../../src/host/leave-out/parts.js';

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
  const saved = await leave(tree.root, ['docs']);
  assert.ok(saved.ok);
  assert.deepEqual(saved.value.docs, { leftOut: true, bytes: 4 * 4096 });
  assert.deepEqual(saved.value.locales, { leftOut: false, bytes: 4096 });
  assert.deepEqual(readdirSync(join(tree.root, 'usr/share/doc')), ['bash']);
  assert.deepEqual(readdirSync(join(tree.root, 'usr/share/doc/bash')), ['copyright']);
  assert.deepEqual(readdirSync(join(tree.root, 'usr/share/man')), ['man1']);
  assert.ok(existsSync(join(tree.root, 'usr/share/locale/de/LC_MESSAGES/bash.mo')));
});

test('links of the tree lead nowhere else: a folder of documentation that is a link out of it is left alone', async () => {
  using outside = treeOf({ README: 1 });
  using tree = treeOf({ 'usr/share/keep': 1 });
  symlinkSync(outside.root, join(tree.root, 'usr/share/doc'));
  const saved = await leave(tree.root, ['docs', 'locales']);
  assert.ok(saved.ok);
  assert.ok(existsSync(join(outside.root, 'README')));
});

test('firmware nobody asks for goes; a kept link keeps what it points to', async () => {
  using tree = treeOf({
    'usr/lib/firmware/regulatory.db-debian': 10,
    'usr/lib/firmware/old/gpu.bin': 10,
  });
  symlinkSync('regulatory.db-debian', join(tree.root, 'usr/lib/firmware/regulatory.db'));
  symlinkSync('old/gpu.bin', join(tree.root, 'usr/lib/firmware/regulatory.db.p7s'));
  writeFileSync(join(tree.root, 'usr/lib/firmware/nic.bin'), '');
  const saved = await leave(tree.root, ['firmware']);
  assert.ok(saved.ok);
  assert.deepEqual(readdirSync(join(tree.root, 'usr/lib/firmware')).sort(), [
    'old',
    'regulatory.db',
    'regulatory.db-debian',
    'regulatory.db.p7s',
  ]);
  assert.deepEqual(readdirSync(join(tree.root, 'usr/lib/firmware/old')), ['gpu.bin']);
});

test('where no device is told, modules are not left out blindly', async () => {
  using tree = treeOf({ 'usr/share/keep': 1 });
  const refused = await leave(tree.root, ['modules']);
  assert.ok(!refused.ok);
  assert.equal(refused.problem.what, 'cannot tell which kernel modules this machine needs');
});
