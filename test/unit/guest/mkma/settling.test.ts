/** Which attempts have programs stand still, and what becomes of files that change all the same. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { TreeEntry } from '../../../../src/core/archive/tree.js';
import type { Change } from '../../../../src/core/overlay/changes.js';
import { findGroups } from '../../../../src/core/overlay/groups.js';
import type { Scan } from '../../../../src/guest/mkma/persist/scan.js';
import { type SettleOptions, Settling } from '../../../../src/guest/mkma/persist/settling.js';
import { entry, tree } from '../../core/entry.js';
import { FakeMachine } from '../fake-machine.js';

const QUIET = { changed: '100.0' };
const FILES = tree(
  entry('srv', { type: 'd', ...QUIET }),
  entry('srv/db', { ino: '11', size: 5, ...QUIET }),
  entry('srv/db-wal', { ino: '12', size: 6, ...QUIET }),
  entry('srv/notes', { ino: '13', size: 7, ...QUIET }),
  entry('etc/passwd', { ino: '14', ...QUIET }),
);

function look(mapped: string[] = [], entries: readonly TreeEntry[] = FILES) {
  const changes: Change[] = entries.flatMap((one) =>
    one.type === 'd' ? [] : [{ kind: 'new' as const, path: one.path, entry: one }],
  );
  const upper = { entries, inPlace: new Set() };
  const scan = { upper, seen: 1000, mapped: new Set(mapped) } as unknown as Scan;
  const names = new Set(entries.map(({ path }) => path));
  return { scan, changes, groups: findGroups(changes, (path) => names.has(path)) };
}

let machine: FakeMachine;
let still: string[];

/** Programs that write, as /proc shows them, and what the program that stops others answers. */
function world(links: string, answer: object): void {
  machine.answer = (argv) => {
    const words = argv.join(' ');
    if (words.includes('still.js')) {
      still.push(machine.readText('/run/mkma/still/plan') ?? '');
      machine.write('/run/mkma/still/answer', JSON.stringify(answer));
      machine.write('/run/mkma/still/links', links);
      return undefined;
    }
    if (words.includes('-lname')) return { stdout: links };
    if (words.startsWith('find /run/mkma/still/copies'))
      return { stdout: ['5 srv/db', '6 srv/db-wal', ''].join('\0') };
    return undefined;
  };
}

const settling = (options: Partial<SettleOptions> = {}): Settling => {
  const made = new Settling(machine, { mostStill: 3, unsettled: 'warn', ...options });
  made.next();
  return made;
};
const WRITES = '/proc/7/fd/3 /srv/db\0';
const STILL = { state: 'still', seconds: 0.034, until: 1001, left: [], free: [] };

beforeEach(() => {
  machine = new FakeMachine();
  machine.files.set('/proc/meminfo', { content: 'MemAvailable: 1000 kB\n' });
  still = [];
});

test('nothing is written, mapped or has just changed: nothing stands still', () => {
  world('', STILL);
  const { scan, changes, groups } = look();
  assert.equal(settling().moment({ scan, groups }, changes), undefined);
  assert.deepEqual(still, []);
});

test('each reason has them stand still: a writer, a mapping, a change during the look', () => {
  const late = FILES.map((one) => (one.path === 'srv/notes' ? { ...one, changed: '1000.0' } : one));
  const folder = FILES.map((one) => (one.path === 'srv' ? { ...one, changed: '1000.0' } : one));
  for (const [links, mapped, entries] of [
    [WRITES, [], FILES],
    ['', ['13'], FILES],
    ['', [], late],
    ['', [], folder],
  ] as const) {
    world(links, STILL);
    const { scan, changes, groups } = look([...mapped], entries);
    assert.ok(settling().moment({ scan, groups }, changes));
  }
  assert.equal(still.length, 4);
});

test('what accompanies a database is copied with it; files with several owners never are', () => {
  world(`${WRITES}/proc/7/fd/4 /etc/passwd\0`, STILL);
  const { scan, changes, groups } = look();
  const one = settling();
  const moment = one.moment({ scan, groups }, changes);
  const { must, since } = JSON.parse(still[0] ?? '') as { must: { path: string }[]; since: number };
  assert.deepEqual([must.map(({ path }) => path), since], [['srv/db', 'srv/db-wal'], 999.9]);
  assert.deepEqual(one.found(scan, changes, moment), []);
  assert.deepEqual([...one.copies.keys()], ['srv/db', 'srv/db-wal']);
  assert.deepEqual(one.result(scan, changes), { unsettled: [], stoodStill: 0.04 });
});

test('a file that changed is copied in the next attempt, until the last, which takes it as it was read', () => {
  world('', STILL);
  const { scan, changes, groups } = look();
  const one = settling();
  for (const attempt of [1, 2, 3]) {
    if (attempt > 1) one.next();
    const moment = one.moment({ scan, groups }, changes);
    assert.equal(moment !== undefined, attempt > 1);
    assert.equal(one.isTolerated('srv/notes'), attempt === 3);
    if (attempt < 3) assert.equal(one.failed(['srv/notes'], changes, groups), undefined);
  }
  const { unsettled } = one.result(scan, changes, ['srv/notes']);
  assert.deepEqual(unsettled, [
    { path: 'srv/notes', why: 'it changed each time it was read', leftOut: false },
  ]);
});

test('replaced each time: left out; what belongs to it as well where nobody is asked', () => {
  for (const unsettled of ['warn', 'leave-out'] as const) {
    world('', STILL);
    const { scan, changes, groups } = look();
    const one = settling({ unsettled });
    for (let attempt = 1; attempt <= 3; attempt++) {
      assert.deepEqual([...one.leftOut.keys()], []);
      assert.equal(one.failed(['srv/db-wal'], changes, groups), undefined);
      one.next();
    }
    const left = unsettled === 'warn' ? ['srv/db-wal'] : ['srv/db', 'srv/db-wal'];
    assert.deepEqual([...one.leftOut.keys()], left);
    assert.equal(one.without(changes).length, changes.length - left.length);
    assert.deepEqual(
      one.result(scan, []).unsettled.map(({ path, leftOut }) => [path, leftOut]),
      left.map((path) => [path, true]),
    );
  }
});

test('records that change each time: nothing is saved', () => {
  world('', STILL);
  const { changes, groups } = look();
  const one = settling();
  for (let attempt = 1; attempt < 3; attempt++) {
    assert.equal(one.failed(['etc/passwd'], changes, groups), undefined);
    one.next();
  }
  assert.equal(one.failed(['etc/passwd'], changes, groups)?.code, 'files-changing');
});

test('nothing can be stopped: never tried again; what is mapped is named, or left out at once', () => {
  world(WRITES, { state: 'impossible', why: 'no groups' });
  const { scan, changes, groups } = look(['12']);
  const one = settling();
  for (let i = 0; i < 2; i++) assert.equal(one.moment({ scan, groups }, changes), undefined);
  assert.equal(still.length, 1);
  assert.deepEqual(one.found(scan, changes, undefined), []);
  assert.deepEqual(one.result(scan, changes).unsettled, [
    { path: 'srv/db-wal', why: 'no groups', leftOut: false },
  ]);
  const other = settling({ unsettled: 'leave-out', mostStill: 0 });
  assert.equal(other.moment({ scan, groups }, changes), undefined);
  assert.deepEqual(other.found(scan, changes, undefined), ['srv/db-wal']);
  assert.equal(other.failed(['srv/db-wal'], changes, groups), undefined);
  assert.deepEqual([...other.leftOut.keys()], ['srv/db', 'srv/db-wal']);
});

test('a writer that cannot be stopped: its copy is named, or left out', () => {
  for (const unsettled of ['warn', 'leave-out'] as const) {
    world(WRITES, { ...STILL, free: [7] });
    const { scan, changes, groups } = look();
    const one = settling({ unsettled });
    const unsure = one.found(scan, changes, one.moment({ scan, groups }, changes));
    assert.deepEqual(unsure, unsettled === 'warn' ? [] : ['srv/db']);
    if (unsettled === 'leave-out') {
      one.failed(unsure, changes, groups);
      assert.deepEqual([...one.leftOut.keys()], ['srv/db', 'srv/db-wal']);
    } else assert.match(one.result(scan, changes).unsettled[0]?.why ?? '', /process 7, which writes it/);
  }
});
