import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexModules } from '../../../../src/host/kernel/depmod.js';
import { removeTree } from '../../../../src/host/sys/remove.js';
import { problemOf } from '../../problem.js';

test('a machine without depmod is refused with the package that brings it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'mkma-index-'));
  try {
    mkdirSync(join(root, 'usr/sbin'), { recursive: true });
    const indexed = await indexModules(root, '6.12', new AbortController().signal);
    assert.match(problemOf(indexed, 'no-depmod').next ?? '', /'kmod'/);
  } finally {
    removeTree(root);
  }
});
