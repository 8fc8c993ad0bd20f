/** Runs a definition's tests on a machine, one after another. */
import type { Context } from '../context.js';
import { shown } from '../definition/load.js';
import { Interrupted } from '../sys/run.js';
import { aborted, timer } from './agent.js';
import type { Album } from './album.js';
import { type Failure, failureOf } from './failure.js';
import type { GivenTest, TestOutcome } from './given.js';
import { TestGuest } from './guest.js';
import type { TestedMachine } from './machine.js';
import { Strays } from './strays.js';

/** The stage under which these tests report progress. */
export const TESTS_STAGE = 'tests';

/** Runs them in order. The others run although a test failed, but not once the machine is lost. */
export async function runTests(
  tests: readonly GivenTest[],
  machine: TestedMachine,
  album: Album,
  { emit, signal }: Context,
): Promise<TestOutcome[]> {
  const outcomes: TestOutcome[] = [];
  using strays = new Strays();
  for (const test of tests) {
    emit({ type: 'output', stage: TESTS_STAGE, line: `running: ${test.name}` });
    album.begin(test.name);
    outcomes.push(
      machine.lost === undefined
        ? await runTest(test, machine, { strays, album }, signal)
        : notRun(test, machine),
    );
    if (signal.aborted) throw new Interrupted();
    emit({ type: 'progress', stage: TESTS_STAGE, done: outcomes.length, total: tests.length, unit: 'items' });
  }
  return outcomes;
}

/** The results of tests whose machine was lost, or never came up. */
function notRun({ name, where }: GivenTest, { lost }: TestedMachine): TestOutcome {
  return { name, ok: false, seconds: 0, detail: `not run: ${lost}`, where };
}

async function runTest(
  test: GivenTest,
  machine: TestedMachine,
  { strays, album }: { readonly strays: Strays; readonly album: Album },
  signal: AbortSignal,
): Promise<TestOutcome> {
  const { name } = test;
  const over = new AbortController();
  const guest = new TestGuest(machine, over.signal, album);
  const begun = performance.now();
  using time = timer(test.timeout);
  using interrupt = aborted(signal);
  const failure = await Promise.race<Failure | undefined>([
    attempt(test, guest),
    strays.next().then(failureOf),
    time.up.then(() => tooLate(test, guest)),
    interrupt.aborted.then(() => ({ detail: 'interrupted' })),
  ]);
  const seconds = (performance.now() - begun) / 1000;
  over.abort();
  await machine.settled();
  if (failure === undefined) return { name, ok: true, seconds };
  const { place } = failure;
  const { detail } = failure;
  const picture = await pictureOf(machine, album);
  const where = place === undefined ? test.where : `${shown(place.file)}:${place.line}`;
  return { name, ok: false, seconds, detail, where, ...(picture === undefined ? {} : { picture }) };
}

/** Runs the test's function to its end; why it failed, if it did. */
async function attempt({ run }: GivenTest, guest: TestGuest): Promise<Failure | undefined> {
  try {
    await run(guest);
  } catch (thrown) {
    return failureOf(thrown);
  }
  const [first] = guest.going;
  if (first === undefined) return undefined;
  return { detail: `it ended while this was still running: ${first}\nis an await missing?` };
}

function tooLate({ timeout }: GivenTest, guest: TestGuest): Failure {
  const [first] = guest.going;
  return {
    detail: `not done within ${timeout} seconds${first === undefined ? '' : `; still running: ${first}`}`,
  };
}

/** The screen at a test's end, unless it is empty. */
async function pictureOf(machine: TestedMachine, album: Album): Promise<string | undefined> {
  if (machine.lost !== undefined) return undefined;
  try {
    const picture = await machine.screen.picture();
    return picture.colours() < 2 ? undefined : album.keep(picture);
  } catch {
    // The machine is shutting down: its failure explains more.
    return undefined;
  }
}
