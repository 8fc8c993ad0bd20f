/** The cache, with real folders. */
import assert from 'node:assert/strict';
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../../../src/core/result.js';
import { cached, findEntry } from '../../../../src/host/stages/cache.js';
import { writeFileWhole } from '../../../../src/host/sys/files.js';

const INPUTS = { suite: 'trixie' };

class Rig {
  readonly path = mkdtempSync(join(tmpdir(), 'mkma-cache-'));
  made = 0;

  /** Ask for the entry; it is made with this content. */
  ask(content: string, refresh = false, id: Result<string> = ok(content)) {
    return cached(this.path, {
      kind: 'packages',
      inputs: INPUTS,
      refresh,
      signal: new AbortController().signal,
      onWait: () => assert.fail('nobody else is here'),
      make: async (folder) => {
        this.made++;
        writeFileSync(join(folder, 'content'), content);
        return id;
      },
    });
  }

  content(): string | undefined {
    const entry = findEntry(this.path, 'packages', INPUTS);
    return entry === undefined ? undefined : readFileSync(join(entry.path, 'content'), 'utf8');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

test('an entry is made once, and again where it is asked for; the newest counts', async () => {
  using rig = new Rig();
  await rig.ask('first');
  await rig.ask('never made');
  assert.deepEqual([rig.content(), rig.made], ['first', 1]);
  // Entries are named by the millisecond.
  await sleep(5);
  const made = await rig.ask('second', true);
  assert.deepEqual([made.ok && made.value.id, rig.content(), rig.made], ['second', 'second', 2]);
});

test('what could not be made is not there, and what could not be made anew stays as it was', async () => {
  using rig = new Rig();
  const failed = err({ code: 'mirror-unreachable', what: 'the mirror is not there' });
  assert.ok(!(await rig.ask('half', false, failed)).ok);
  assert.equal(rig.content(), undefined);
  assert.deepEqual(readdirSync(join(rig.path, 'stages')), []);
  await rig.ask('whole');
  assert.ok(!(await rig.ask('half', true, failed)).ok);
  assert.equal(rig.content(), 'whole');
});

test('an old entry that another takes the place of goes, whole', async () => {
  using rig = new Rig();
  await rig.ask('first');
  const stages = join(rig.path, 'stages');
  const [old = ''] = readdirSync(stages);
  const before = new Date(Date.now() - 2 * 86_400_000);
  utimesSync(join(stages, old), before, before);
  await sleep(5);
  await rig.ask('second', true);
  assert.equal(rig.content(), 'second');
  assert.equal(readdirSync(stages).length, 1);
});

test('an entry without its record is none', async () => {
  using rig = new Rig();
  await rig.ask('first');
  const [name] = readdirSync(join(rig.path, 'stages'));
  rmSync(join(rig.path, 'stages', name as string, 'entry.json'));
  assert.equal(rig.content(), undefined);
});

test('a file that is written anew is the old one until the new one is whole', () => {
  using rig = new Rig();
  const file = join(rig.path, 'state.json');
  writeFileWhole(file, 'old');
  // Another name of the old file: whoever has opened it goes on reading that.
  linkSync(file, join(rig.path, 'open'));
  writeFileWhole(file, 'new');
  assert.equal(readFileSync(file, 'utf8'), 'new');
  assert.equal(readFileSync(join(rig.path, 'open'), 'utf8'), 'old');
  assert.deepEqual(readdirSync(rig.path).sort(), ['open', 'state.json']);
});
