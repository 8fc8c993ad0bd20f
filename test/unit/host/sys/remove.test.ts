/** Removing trees; those with mounts in them are in test/cli/removal-mounts. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTree } from '../../../../src/host/sys/remove.js';

test('files, links, deep folders and names of any byte go; what links lead to stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-remove-'));
  try {
    const [outside, tree] = [join(folder, 'outside'), join(folder, 'tree')];
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), '');
    for (const path of [tree, join(folder, 'link'), join(folder, 'file'), join(folder, 'none')])
      removeTree(path);
    mkdirSync(join(tree, 'd'), { recursive: true });
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/d/`), Buffer.from([0xff, 0x0a, 0x27])]), '');
    symlinkSync(outside, join(tree, 'd/link'));
    // Deeper than a path can be told, and than descriptors may be open.
    let at = join(tree, 'd');
    for (let i = 0; i < 100; i++) {
      at = join(at, 'x'.repeat(30));
      mkdirSync(at);
      writeFileSync(join(at, 'f'), '');
    }
    symlinkSync(outside, join(folder, 'link'));
    writeFileSync(join(folder, 'file'), '');
    removeTree(tree);
    removeTree(join(folder, 'link'));
    removeTree(join(folder, 'file'));
    removeTree(join(folder, 'none'));
    removeTree(join(folder, 'none/none'));
    assert.deepEqual(readdirSync(folder), ['outside']);
    assert.deepEqual(readdirSync(outside), ['kept']);
  } finally {
    removeTree(folder);
  }
  assert.ok(!existsSync(folder));
});
