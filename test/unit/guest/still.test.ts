/** Programs that stand still go on, on every way out. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { StillPlan } from '../../../src/guest/still/plan.js';
import { standStill } from '../../../src/guest/still/stand-still.js';
import { FakeMachine } from './fake-machine.js';

const ROOT = '/sys/fs/cgroup';
const PLAN: StillPlan = { root: '/fresh', limit: 2, since: 5, ram: 2 ** 30, must: [], may: [] };

/** A machine whose groups stop when they are asked to, unless they are among the stubborn. */
class Frozen extends FakeMachine {
  readonly stubborn = new Set<string>();
  readonly history: string[] = [];
  time = 0;

  constructor() {
    super();
    this.files.set(ROOT, { kind: 'directory' });
    for (const name of ['cgroup.procs', 'cgroup.controllers'])
      this.files.set(`${ROOT}/${name}`, { content: '' });
    for (const name of ['system.slice', 'user.slice', 'init.scope']) this.group(name);
  }

  group(name: string, freeze = '0', populated = '1'): void {
    const group = `${ROOT}/${name}`;
    this.files.set(group, { kind: 'directory' });
    this.files.set(`${group}/cgroup.freeze`, { content: `${freeze}\n` });
    this.files.set(`${group}/cgroup.procs`, { content: `${name.length}\n` });
    this.files.set(`${group}/cgroup.events`, { content: `populated ${populated}\nfrozen ${freeze}\n` });
  }

  override write(path: string, content: string | Uint8Array): boolean {
    const [, name, file] = /^\/sys\/fs\/cgroup\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    if (file === 'cgroup.freeze') {
      this.history.push(`${name} ${content}`);
      this.group(name as string, String(content));
      if (this.stubborn.has(name as string))
        this.files.set(`${ROOT}/${name}/cgroup.events`, { content: 'populated 1\nfrozen 0\n' });
      return true;
    }
    return super.write(path, content);
  }

  override sleep(milliseconds: number): void {
    this.time += milliseconds;
  }

  get frozen(): string[] {
    return ['system.slice', 'user.slice', 'init.scope'].filter(
      (name) => this.readText(`${ROOT}/${name}/cgroup.freeze`)?.trim() === '1',
    );
  }
}

let machine: Frozen;
let guarded: string[];
let released: number;
const around = (ready = true) => ({
  now: () => machine.time,
  guard(groups: readonly string[]) {
    guarded.push(...groups);
    // Nothing stands still before somebody watches.
    assert.deepEqual(machine.frozen, []);
    return ready ? () => void released++ : undefined;
  },
});

beforeEach(() => {
  machine = new Frozen();
  guarded = [];
  released = 0;
});

test('all groups but that of process 1 stand still while the program looks and copies', () => {
  const seen: string[][] = [];
  machine.answer = ([, , , , root]) => {
    if (root === '/fresh') seen.push(machine.frozen);
    return undefined;
  };
  const answer = standStill(machine, { ...PLAN, must: [{ path: 'db', bytes: 1 }] }, around());
  assert.equal(answer.state, 'still');
  assert.deepEqual(seen, [[], ['system.slice', 'user.slice']]);
  assert.deepEqual([machine.frozen, released], [[], 1]);
  assert.deepEqual(guarded, [`${ROOT}/system.slice`, `${ROOT}/user.slice`]);
  assert.deepEqual(machine.inputs.find(([call]) => call.startsWith('xargs'))?.[1], 'db\0');
  assert.deepEqual(answer.state === 'still' && answer.free, ['init.scope'.length]);
});

test('what something else has frozen, and what is empty, stays as it is', () => {
  machine.group('other.slice', '1');
  machine.group('empty.slice', '0', '0');
  standStill(machine, PLAN, around());
  assert.ok(!machine.history.some((line) => line.startsWith('other') || line.startsWith('empty')));
});

test('a program that does not stop: all go on within the limit', () => {
  machine.stubborn.add('user.slice');
  const answer = standStill(machine, PLAN, around());
  assert.deepEqual(answer, { state: 'moving', why: 'user.slice did not stop' });
  assert.ok(machine.time < 1000, `${machine.time} ms`);
  assert.deepEqual([machine.frozen, released], [[], 1]);
});

test('a look that fails or throws: all go on', () => {
  for (const failure of ['code', 'throw']) {
    machine.answer = ([program, , , , root]) => {
      if (program !== 'sh' || root !== '/fresh' || machine.frozen.length === 0) return undefined;
      if (failure === 'throw') throw new Error('no room');
      return { code: 1 };
    };
    if (failure === 'throw') assert.throws(() => standStill(machine, PLAN, around()), /no room/);
    else assert.equal(standStill(machine, PLAN, around()).state, 'moving');
    assert.deepEqual(machine.frozen, []);
  }
  assert.equal(released, 2);
});

test('let go by the guardian before the end: it was no moment', () => {
  machine.answer = ([program]) => {
    if (program === 'xargs') machine.group('user.slice');
    return undefined;
  };
  const plan = { ...PLAN, must: [{ path: 'db', bytes: 1 }] };
  assert.deepEqual(standStill(machine, plan, around()).state, 'moving');
});

test('without control groups, or somebody who watches, nothing is stopped', () => {
  assert.equal(standStill(machine, PLAN, around(false)).state, 'impossible');
  assert.deepEqual(machine.history, []);
  machine.files.delete(`${ROOT}/cgroup.controllers`);
  assert.equal(standStill(machine, PLAN, around()).state, 'impossible');
  assert.deepEqual(machine.history, []);
});

test('nothing is stopped for files that are all too large', () => {
  const plan = { ...PLAN, ram: 100, must: [{ path: 'db', bytes: 101 }] };
  assert.deepEqual(standStill(machine, plan, around()), { state: 'large' });
  assert.deepEqual(machine.history, []);
});

test('a look that takes too long is not tried while programs stand still', () => {
  machine.answer = ([program]) => {
    if (program === 'sh') machine.time += 1500;
    return undefined;
  };
  assert.match(JSON.stringify(standStill(machine, PLAN, around())), /a look at all changes takes 1\.5 s/);
  assert.deepEqual(machine.history, []);
});
