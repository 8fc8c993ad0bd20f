import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitSlots, parseSlots } from '../../../../src/guest/storage/slots.js';

const MiB = 2 ** 20;
/** The parts of a header that count, as cryptsetup 2.7.5 prints them. */
const HEADER = JSON.stringify({
  keyslots: {
    '0': { type: 'luks2', kdf: { type: 'argon2id', time: 4, memory: 1048576, cpus: 4, salt: 'AA==' } },
    '1': { type: 'luks2', kdf: { type: 'pbkdf2', hash: 'sha256', iterations: 1000, salt: 'AA==' } },
    '2': { type: 'luks2', priority: 0, kdf: { type: 'argon2id', time: 4, memory: 4194304, cpus: 4 } },
    '3': { type: 'reencrypt' },
  },
});

test('keyslots with what they need; what no passphrase opens is left out', () => {
  assert.deepEqual(parseSlots(HEADER), [
    { number: 0, derivation: 'argon2id', memory: 1024 * MiB },
    { number: 1, derivation: 'pbkdf2', memory: 0 },
  ]);
  for (const other of ['', 'not JSON', '[]', '{}']) assert.deepEqual(parseSlots(other), []);
});

test('all, some or none of the keyslots fit into RAM, with numbers', () => {
  const slots = parseSlots(HEADER);
  assert.equal(fitSlots(slots, 1024 * MiB, 'x').kind, 'all');
  assert.equal(fitSlots([], 0, 'x').kind, 'all');
  const some = fitSlots(slots, 700 * MiB, '/dev/sda2');
  assert.ok(some.kind === 'some');
  assert.deepEqual(some.slots, [1]);
  const none = fitSlots(slots.slice(0, 1), 700 * MiB, '/dev/sda2');
  assert.ok(none.kind === 'none');
  assert.equal(none.problem.where, '/dev/sda2');
  assert.match(none.problem.why ?? '', /keyslot 0 \(argon2id\) needs 1024 MiB; 700 MiB of RAM are available/);
  assert.match(none.problem.next ?? '', /324 MiB more/);
});
