import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootedMachine, mkma } from './booted.js';

/** What was typed, and the whole of what is said. */
const WRONG: [string[], string][] = [
  [['nonsense'], "error: unknown command 'nonsense' [unknown-command]\n  next: see mkma --help\n"],
  [
    ['statsu'],
    "error: unknown command 'statsu' [unknown-command]\n  next: did you mean status? see mkma --help\n",
  ],
  [
    ['status', '--jsno'],
    "error: unknown option '--jsno' [unknown-option]\n  next: did you mean --json? see mkma --help\n",
  ],
  [
    ['persist', '--level', '20'],
    'error: invalid zstd level: --level 20 [level-invalid]\n  why: it must be 1 to 19\n  next: omit it to use the highest that takes about 10 s\n',
  ],
  [
    ['persist', '--name', 'a/b'],
    'error: invalid label: --name a/b [label-invalid]\n' +
      '  why: it must be at most 64 letters, digits, dots, - and _, beginning with a letter or digit\n' +
      '  next: choose another label\n',
  ],
  [
    ['persist', '--all', '--select', '/etc'],
    'error: --all and --select exclude each other [exclusive-options]\n  next: leave out one of them\n',
  ],
  [['status', '-x'], "error: unknown option '-x' [unknown-option]\n  next: see mkma --help\n"],
];

for (const [argv, said] of WRONG) {
  test(`mkma ${argv.join(' ')}: refused with exit code 2`, async () => {
    const { out, err, code } = await mkma(bootedMachine(), argv);
    assert.equal(err, said);
    assert.equal(out, '');
    assert.equal(code, 2);
  });
}

test('without a command: the help, and exit code 2', async () => {
  const { out, err, code } = await mkma(bootedMachine(), []);
  assert.match(out, /^Usage\n {2}mkma persist/);
  assert.match(err, /^error: no command was given \[no-command\]\n/);
  assert.equal(code, 2);
});

test('--help names every verb, and that of a verb its options', async () => {
  const whole = await mkma(bootedMachine(), ['--help']);
  assert.match(
    whole.out,
    /Commands\n {2}persist {6}save the changes.*\n {2}layers {7}list, show.*\n {2}generations {2}list, show.*\n {2}revert {7}undo changes.*\n {2}status {7}show base and layers/,
  );
  assert.match(
    whole.out,
    /Exit codes: 0 success, 1 the work failed, 2 wrong usage, 3 saved, but some files not as they were at one moment, 130 interrupted/,
  );
  const verb = await mkma(bootedMachine(), ['status', '--help']);
  assert.match(verb.out, /--json\]? +print one JSON document on stdout/);
  assert.deepEqual([whole.code, verb.code, whole.err, verb.err], [0, 0, '', '']);
});

test('a bug is told as one, with what a report needs', async () => {
  const machine = bootedMachine();
  machine.answer = (argv) => (argv[0] === 'stat' ? { code: 1, stderr: 'broken' } : undefined);
  const { err, code } = await mkma(machine, ['status']);
  assert.match(err, /^error: a bug in mkma \[bug\]\n {2}why: cannot measure \/overlay: broken\n/);
  assert.match(err, /next: please report it/);
  assert.equal(code, 1);
});
