/** On the machine: the storage is opened for a piece of work and closed after it; what somebody else opened stays open. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootRecord } from '../../../../src/core/boot/record.js';
import { openForImages } from '../../../../src/guest/mkma/open-storage.js';
import { problemOf } from '../../problem.js';
import { FakeMachine } from '../fake-machine.js';

const UUID = '1111aaaa-2222-4333-8444-00000000000f';
const NAME = `mkma-${UUID}`;
const NODE = `/dev/mapper/${NAME}`;

/** A process as /proc shows it: its id, and its start. */
function runs(machine: FakeMachine, name: string, id: number, start: number): void {
  const fields = Array.from({ length: 19 }, () => '0');
  machine.files.set(`/proc/${name}/stat`, { content: `${id} (a ) b) ${fields.join(' ')} ${start} 0\n` });
}

function encrypted(): FakeMachine {
  const machine = new FakeMachine();
  runs(machine, 'self', 7, 100);
  machine.files.set('/proc/meminfo', { content: 'MemTotal: 2000000 kB\nMemAvailable: 1900000 kB\n' });
  machine.answer = (argv) => {
    const text = argv.join(' ');
    if (argv[0] === 'blkid') return { stdout: `DEVNAME=/dev/sda2\nTYPE=crypto_LUKS\nUUID=${UUID}\n` };
    if (text.includes('luksDump')) return { stdout: '{}' };
    if (text.startsWith('cryptsetup open')) {
      const right = machine.inputs.at(-1)?.[1] === 'open sesame';
      if (right) machine.files.set(NODE, { kind: 'block' });
      return { code: right ? 0 : 2 };
    }
    if (text.startsWith('cryptsetup close')) machine.files.delete(NODE);
    return undefined;
  };
  return machine;
}

function recordOf(keepKey?: true): BootRecord {
  const opening = { luks: [UUID], lvm: [] };
  return { storage: { opening, ...(keepKey ? { keepKey } : {}) } } as unknown as BootRecord;
}

const opens = (machine: FakeMachine): string[] =>
  machine.calls
    .filter((call) => /^cryptsetup (open|close)/.test(call))
    .map((call) => call.slice(0, 16).trim());

// This one is first: a passphrase that was right is remembered for the program's life.
test('without a terminal it says so, and what automatic saving needs', () => {
  const problem = problemOf(openForImages(encrypted(), recordOf()), 'luks-locked');
  assert.match(problem.next ?? '', /initramfs: \{ keepKey: true \}/);
  const kept = encrypted();
  assert.match(problemOf(openForImages(kept, recordOf(true)), 'luks-locked').why ?? '', /cannot reach it/);
  assert.ok(kept.calls.some((call) => call.includes(`--volume-key-keyring=%user:${NAME}`)));
});

test('three wrong passphrases, or Ctrl-C, and nothing is opened', () => {
  const wrong = encrypted();
  wrong.typed.set('/dev/tty', ['a\r', 'b\r', 'c\r']);
  problemOf(openForImages(wrong, recordOf()), 'luks-wrong-passphrase');
  const interrupted = encrypted();
  interrupted.typed.set('/dev/tty', ['a\x03']);
  assert.equal(problemOf(openForImages(interrupted, recordOf()), 'interrupted').kind, 'interrupted');
  assert.deepEqual(opens(interrupted), []);
  for (const machine of [wrong, interrupted]) assert.ok(machine.calls.includes('close /dev/tty'));
});

test('it asks once, and each piece of work opens and closes it', () => {
  const machine = encrypted();
  machine.typed.set('/dev/tty', ['no\r', 'open sesame\r']);
  for (let i = 0; i < 2; i++) {
    const opened = openForImages(machine, recordOf());
    assert.ok(opened.ok);
    assert.equal(machine.readText('/run/mkma/opened'), `${NAME} 7 100\n`);
    opened.value();
    assert.equal(machine.info(NODE), undefined);
    assert.equal(machine.readText('/run/mkma/opened'), '');
  }
  assert.equal(machine.calls.filter((call) => call === 'open /dev/tty').length, 1);
});

test('what somebody else opened is used and stays open; what a killed command left is closed', () => {
  const theirs = encrypted();
  theirs.files.set('/sys/class/block/sda2/holders', { kind: 'directory' });
  theirs.files.set('/sys/class/block/sda2/holders/dm-0', { kind: 'directory' });
  const byHand = encrypted();
  byHand.files.set(NODE, { kind: 'block' });
  const left = encrypted();
  left.files.set(NODE, { kind: 'block' });
  left.files.set('/run/mkma/opened', { content: `${NAME}\n` });
  for (const [machine, expected] of [
    [theirs, []],
    [byHand, []],
    [left, ['cryptsetup close']],
  ] as const) {
    const opened = openForImages(machine, recordOf());
    assert.ok(opened.ok);
    opened.value();
    assert.deepEqual(
      opens(machine).map((call) => call.slice(0, 16)),
      expected,
    );
  }
});

test('the last of two commands closes it; one that was killed, or another process with its id, does not count', () => {
  const machine = encrypted();
  runs(machine, '7', 7, 100);
  machine.typed.set('/dev/tty', ['open sesame\r']);
  const first = openForImages(machine, recordOf());
  runs(machine, 'self', 8, 200);
  runs(machine, '8', 8, 200);
  const second = openForImages(machine, recordOf());
  assert.ok(first.ok && second.ok);
  first.value();
  assert.ok(machine.info(NODE), 'the second uses it');
  second.value();
  assert.equal(machine.info(NODE), undefined);
  assert.equal(machine.readText('/run/mkma/opened'), '');
  machine.files.set(NODE, { kind: 'block' });
  machine.files.set('/run/mkma/opened', { content: `${NAME} 7 99\n${NAME} 6 1\n` });
  const next = openForImages(machine, recordOf());
  assert.ok(next.ok);
  next.value();
  assert.equal(machine.info(NODE), undefined);
  assert.equal(machine.readText('/run/mkma/opened'), '');
});

test('while another command opens it, this one waits; for a minute', () => {
  const machine = encrypted();
  machine.locked = true;
  const before = machine.clock;
  problemOf(openForImages(machine, recordOf()), 'luks-locked');
  assert.ok(machine.clock - before >= 59);
  assert.deepEqual(opens(machine), []);
});

test('plain storage starts nothing', () => {
  const machine = encrypted();
  const opened = openForImages(machine, { storage: {} } as unknown as BootRecord);
  assert.ok(opened.ok);
  opened.value();
  assert.deepEqual(machine.calls, []);
});
