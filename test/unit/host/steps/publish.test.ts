/** Publishing, with real files: what a build that is cut off while it publishes leaves, and whose edits it keeps. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BuildState, type StageRecord } from '../../../../src/host/stages/build-state.js';
import { treeState } from '../../../../src/host/stages/decide.js';
import { fingerprint } from '../../../../src/host/stages/fingerprint.js';
import { PUBLISHING, wasCutOff } from '../../../../src/host/stages/publishing.js';
import { ACCOUNTS } from '../../../../src/host/steps/last-numbers.js';
import { publish } from '../../../../src/host/steps/publish.js';
import type { BuildSettings } from '../../../../src/host/steps/settings.js';
import type { Work } from '../../../../src/host/steps/work.js';

const record = (output: StageRecord['output']): StageRecord => ({ inputs: {}, at: '', output });

/** A folder with a tree and a base of an earlier build, and the same of a new one on its way. */
class Rig {
  readonly path = mkdtempSync(join(tmpdir(), 'mkma-publish-'));
  readonly scratch = join(this.path, '.mkma/scratch');
  readonly state: BuildState;

  constructor() {
    for (const [folder, content] of [
      [this.path, 'old'],
      // Of another length: the kernel's clock goes in steps, and the times may be the same.
      [this.scratch, 'newer'],
    ] as const) {
      mkdirSync(join(folder, 'chroot'), { recursive: true });
      writeFileSync(join(folder, 'chroot/file'), content);
      writeFileSync(join(folder, 'base.cpio.zst'), content);
    }
    this.state = this.stateOnDisk();
  }

  /** The new tree. */
  get copy(): string {
    return join(this.scratch, 'chroot');
  }

  stateOnDisk(): BuildState {
    return BuildState.read(join(this.path, '.mkma/state.json'));
  }

  async fingerprintOf(folder: string): Promise<string> {
    const made = await fingerprint(join(folder, 'chroot'));
    assert.ok(made.ok);
    return made.value;
  }

  /** The new build, ready to be published. */
  async work(): Promise<Work> {
    const old = await this.fingerprintOf(this.path);
    this.state.put({ system: record({ fingerprint: old }), base: record({}) });
    const tree = await treeState(this.path, this.state);
    assert.ok(tree.ok);
    return {
      // Nothing else of them is asked for.
      settings: {} as BuildSettings,
      context: { emit: () => undefined, signal: new AbortController().signal },
      output: {
        path: this.path,
        scratch: { path: this.scratch, remove: () => undefined },
        close: () => undefined,
      },
      state: this.state,
      tree: tree.value,
      ran: [],
      records: { system: record({ fingerprint: await this.fingerprintOf(this.scratch) }), base: record({}) },
      made: new Map([['base.cpio.zst', join(this.scratch, 'base.cpio.zst')]]),
      gone: new Set(),
      stack: { current: { root: this.copy, lowers: [], close: async () => undefined } },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

test('everything gets its name and its record', async () => {
  using rig = new Rig();
  assert.ok((await publish(await rig.work(), rig.copy)).ok);
  assert.equal(readFileSync(join(rig.path, 'chroot/file'), 'utf8'), 'newer');
  assert.equal(readFileSync(join(rig.path, 'base.cpio.zst'), 'utf8'), 'newer');
  const state = rig.stateOnDisk();
  assert.equal(state.get(PUBLISHING), undefined);
  assert.match(state.get('base')?.output['file base.cpio.zst'] ?? '', /^5@/);
  const tree = await treeState(rig.path, state);
  assert.equal(tree.ok && tree.value.state, 'clean');
});

test('cut off after the tree: no record says that the old base belongs to it, and nobody takes the tree for an edit', async () => {
  using rig = new Rig();
  const work = await rig.work();
  work.made.set('base.cpio.zst', join(rig.scratch, 'cut off here'));
  work.records[ACCOUNTS] = record({ numbers: 'of the new tree' });
  await assert.rejects(publish(work, rig.copy), { code: 'ENOENT' });
  assert.equal(readFileSync(join(rig.path, 'chroot/file'), 'utf8'), 'newer');
  const state = rig.stateOnDisk();
  assert.equal(state.get('base'), undefined);
  // What the tree has is all that is known of the numbers of its accounts.
  assert.equal(state.get(ACCOUNTS)?.output.numbers, 'of the new tree');
  const tree = await treeState(rig.path, state);
  assert.equal(tree.ok && tree.value.state, 'unfinished');
  assert.ok(wasCutOff(rig.path));
});

test('cut off where the tree stays: that is noted too, until a build finds everything in order', async () => {
  using rig = new Rig();
  const { records, made, stack, ...work } = await rig.work();
  const { system, ...others } = records;
  assert.ok(system);
  const cut = new Map([['base.cpio.zst', join(rig.scratch, 'cut off here')]]);
  await assert.rejects(publish({ ...work, records: others, made: cut, stack: {} }, undefined), {
    code: 'ENOENT',
  });
  assert.ok(wasCutOff(rig.path));
  assert.ok((await publish({ ...work, records: {}, made: new Map(), stack: {} }, undefined)).ok);
  assert.ok(!wasCutOff(rig.path));
});

test('the tree was edited while it was built again: nothing is published', async () => {
  using rig = new Rig();
  const work = await rig.work();
  writeFileSync(join(rig.path, 'chroot/file'), 'edited');
  const published = await publish(work, rig.copy);
  assert.ok(!published.ok);
  assert.equal(published.problem.where, join(rig.path, 'chroot'));
  assert.equal(readFileSync(join(rig.path, 'chroot/file'), 'utf8'), 'edited');
  assert.equal(readFileSync(join(rig.path, 'base.cpio.zst'), 'utf8'), 'old');
  assert.ok(existsSync(join(rig.scratch, 'chroot/file')));
});
