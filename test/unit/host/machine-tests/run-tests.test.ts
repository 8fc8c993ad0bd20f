import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Context } from '../../../../src/host/context.js';
import type { Guest } from '../../../../src/host/definition/functions.js';
import { Album } from '../../../../src/host/machine-tests/album.js';
import { chooseTests, type GivenTest, type TestOutcome } from '../../../../src/host/machine-tests/given.js';
import { TestedMachine } from '../../../../src/host/machine-tests/machine.js';
import { runTests } from '../../../../src/host/machine-tests/run-tests.js';
import { Interrupted } from '../../../../src/host/sys/run.js';
import { type Answer, FakeQemu } from './fake-machine.js';

const NEVER = new Promise<string>(() => undefined);
const dark = async (): Promise<never> => {
  throw new Error('there is no screen');
};
const NO_SCREEN = { picture: dark, press: dark, click: dark, forget: () => undefined };
const ALBUM = new Album('/nowhere', false, undefined);

function given(name: string, run: (guest: Guest) => unknown, timeout = 10): GivenTest {
  return { name, timeout, where: 'mkma.config.ts:1', run: async (guest) => void (await run(guest)) };
}

const answer: Answer = (command) => {
  if (command === 'hang') return 'never';
  if (command === 'die') return 'dead';
  const code = Number(/^exit (\d+)/.exec(command)?.[1] ?? 0);
  return [code, `${command}\n`, code === 0 ? '' : 'the\nreason\n'];
};

async function outcomes(tests: GivenTest[], machine = new TestedMachine(settings(), new FakeQemu(answer))) {
  const context: Context = { emit: () => undefined, signal: new AbortController().signal };
  return (await runTests(tests, machine, ALBUM, context)).map(untimed);
}

function settings(panic: Promise<string> = NEVER) {
  return {
    bootAgain: async () => new FakeQemu(answer),
    panic,
    seconds: 5,
    screen: NO_SCREEN,
    sound: '/nowhere',
  };
}

/** Without what differs from run to run, and the line where this file itself threw. */
function untimed({ seconds: _, where, ...outcome }: TestOutcome) {
  return where === undefined || where.endsWith('.js') || /run-tests\.test\.(js|ts):\d+$/.test(where)
    ? outcome
    : { ...outcome, where };
}

describe('tests of a machine', () => {
  test('pass, fail with the command and its last words, and throw what they like', async () => {
    const seen: unknown[] = [];
    const got = await outcomes([
      given('passes', async (guest) => seen.push(await guest.ok('one'), await guest.run('exit 4'))),
      given('fails', (guest) => guest.ok('exit 3')),
      given('throws words', () => Promise.reject('words')),
      given('throws nothing', () => Promise.reject(undefined)),
      given('a type error', () => (undefined as unknown as Guest).ok('x')),
    ]);
    assert.deepEqual(seen, ['one', { exitCode: 4, stdout: 'exit 4\n', stderr: 'the\nreason\n' }]);
    const where = 'mkma.config.ts:1';
    assert.deepEqual(got, [
      { name: 'passes', ok: true },
      { name: 'fails', ok: false, detail: 'exit 3: exit code 3\nthe\nreason' },
      { name: 'throws words', ok: false, detail: "it threw 'words'", where },
      { name: 'throws nothing', ok: false, detail: 'it threw undefined', where },
      {
        name: 'a type error',
        ok: false,
        detail: "TypeError: Cannot read properties of undefined (reading 'ok')",
      },
    ]);
  });

  test('one that takes too long is killed, and the next one runs', async () => {
    const qemu = new FakeQemu(answer);
    const late: unknown[] = [];
    const got = await outcomes(
      [
        given('hangs', (guest) => guest.ok('hang').catch((cause) => late.push(String(cause))), 0.2),
        given('its own limit', (guest) => guest.ok('hang', { timeout: 0.2 })),
        given('sleeps', () => NEVER, 0.2),
        given('runs', (guest) => guest.ok('one')),
      ],
      new TestedMachine(settings(), qemu),
    );
    assert.deepEqual(
      got.map(({ ok, detail }) => detail ?? ok),
      [
        'not done within 0.2 seconds; still running: hang',
        'hang: not done within 0.2 seconds, and killed\nso far',
        'not done within 0.2 seconds',
        true,
      ],
    );
    assert.deepEqual(late, ['GuestError: this test is over']);
    assert.equal(qemu.requests.filter((line) => line.endsWith(' kill')).length, 2);
  });

  test('a test that is over cannot do anything to the machine of the next one', async () => {
    let first: Guest | undefined;
    const got = await outcomes([
      given('ends', (guest) => {
        first = guest;
      }),
      given('next', () => assert.rejects(first?.run('one') ?? Promise.resolve(), /this test is over/)),
    ]);
    assert.deepEqual(
      got.map(({ ok }) => ok),
      [true, true],
    );
  });

  // Other promises that nobody waits for fail this file itself, by its runner: test/vm/machine-tests.test.ts has one.
  test('a command that nobody waits for is the failure of its test', async () => {
    const got = await outcomes([
      given('no await', (guest) => {
        guest.ok('hang');
      }),
    ]);
    assert.deepEqual(
      got.map(({ detail }) => detail),
      ['it ended while this was still running: hang\nis an await missing?'],
    );
  });

  test('without the machine the rest is not run', async () => {
    const got = await outcomes([
      given('ends it', (guest) => guest.ok('die')),
      given('rest', () => undefined),
    ]);
    assert.deepEqual(
      got.map(({ detail }) => detail),
      ['the machine ended', 'not run: the machine ended'],
    );
  });

  test('a kernel that panics is the end of the machine, though QEMU goes on', async () => {
    const panic = new Promise<string>((resolve) => setTimeout(() => resolve('Kernel panic: x'), 50));
    const got = await outcomes(
      [given('panics', (guest) => guest.ok('hang')), given('rest', () => undefined)],
      new TestedMachine(settings(panic), new FakeQemu(answer)),
    );
    assert.deepEqual(
      got.map(({ detail }) => detail),
      [
        "the machine's kernel panicked: Kernel panic: x",
        "not run: the machine's kernel panicked: Kernel panic: x",
      ],
    );
  });

  test('a reboot starts another QEMU, which the next commands go to', async () => {
    const first = new FakeQemu(answer);
    const second = new FakeQemu(() => [0, 'second', '']);
    const machine = new TestedMachine({ ...settings(), bootAgain: async () => second }, first);
    const got = await outcomes(
      [
        given('boots again', async (guest) => {
          await guest.reboot();
          assert.equal(await guest.ok('which'), 'second');
        }),
      ],
      machine,
    );
    assert.deepEqual(got, [{ name: 'boots again', ok: true }]);
    assert.equal(await machine.powerOff(), second);
  });

  test('an interruption ends the run', async () => {
    const interrupt = new AbortController();
    const machine = new TestedMachine(settings(), new FakeQemu(answer));
    const running = runTests([given('waits', () => NEVER)], machine, ALBUM, {
      emit: () => undefined,
      signal: interrupt.signal,
    });
    setTimeout(() => interrupt.abort(), 20);
    await assert.rejects(running, Interrupted);
  });
});

test('tests are chosen by a part of their names; a word that finds none is told', () => {
  const tests = ['web answers', 'web restarts', 'disk'].map((name) => given(name, () => undefined));
  const names = (...words: string[]) => {
    const chosen = chooseTests(tests, words);
    return chosen.ok ? chosen.value.map(({ name }) => name) : chosen.problem;
  };
  assert.deepEqual(names(), ['web answers', 'web restarts', 'disk']);
  assert.deepEqual(names('disk', 'restart'), ['web restarts', 'disk']);
  assert.deepEqual(names('web', 'dsik'), {
    kind: 'usage',
    code: 'no-such-test',
    what: 'no such test',
    where: '--test dsik',
    next: 'the tests are: web answers, web restarts, disk',
  });
  assert.equal(chooseTests([], ['web']).ok, false);
});
