/** How a tree is packed: what is reported on the way. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { planArchive } from '../../src/core/image/archive-plan.js';
import { packImage } from '../../src/host/pack/image.js';
import { scanTree } from '../../src/host/pack/scan.js';
import { temporary } from './cli.js';
import { FACTS } from './pack.js';

/** Text that takes long to compress, always the same. */
function noise(bytes: number): Buffer {
  const pieces = Array.from({ length: bytes / 64 }, (_, i) =>
    createHash('sha256').update(String(i)).digest('hex'),
  );
  return Buffer.from(pieces.join(''));
}

describe('a tree with the same 3 MiB twice, 3 MiB apart', () => {
  const folder = temporary();
  const root = join(folder.path, 'root');
  let packs = 0;
  const pack = async (level: number) => {
    const scratch = join(folder.path, `scratch${packs++}`);
    mkdirSync(scratch);
    const target = join(scratch, 'image');
    const tree = await scanTree(root);
    assert.ok(tree.ok);
    const plan = planArchive(tree.value.entries, tree.value.devices);
    assert.ok(plan.ok);
    const told: number[] = [];
    const onProgress = (bytes: number): void => void told.push(bytes);
    const packed = await packImage({
      ...{ root, plan: plan.value, facts: FACTS, level, scratch, target, onProgress },
    });
    assert.ok(packed.ok, JSON.stringify(packed));
    return { told, total: plan.value.bytes };
  };
  before(() => {
    mkdirSync(root);
    const bytes = noise(3 * 2 ** 20);
    for (const name of ['a', 'b']) writeFileSync(join(root, name), bytes);
  });
  after(() => folder[Symbol.dispose]());

  test('what is told is what is compressed, not what is read: a frame that takes long is told of on the way', async () => {
    const { told, total } = await pack(19);
    assert.deepEqual(
      told,
      [...told].sort((a, b) => a - b),
    );
    assert.equal(told.at(-1), total);
    const between = told.filter((bytes) => bytes > 0 && bytes < total);
    assert.ok(between.length >= 1, String(told));
  });
});
