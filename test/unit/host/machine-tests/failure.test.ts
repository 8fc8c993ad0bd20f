import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from '../../../../src/host/machine-tests/failure.js';

function thrown(error: Error, ...frames: string[]): Error {
  error.stack = [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

test('the place is the innermost frame of one’s own files', () => {
  const error = thrown(
    new Error('no'),
    'TestGuest.ok (file:///opt/mkma/dist/src/host/machine-tests/guest.js:30:5)',
    'assert (node:assert:1:2)',
    'helper (/home/anna/node_modules/lib/index.js:1:1)',
    'async check (/home/anna/a b/checks.ts:7:3)',
    'async Object.run (/home/anna/a b/mkma.config.ts:12:9)',
  );
  assert.deepEqual(failureOf(error, '/opt/mkma/dist/src/'), {
    detail: 'no',
    place: { file: '/home/anna/a b/checks.ts', line: 7 },
  });
});

test('a frame without a function, and a file URL', () => {
  const error = thrown(new Error('no'), 'file:///home/anna/mkma%20one.config.mjs:3:1');
  assert.deepEqual(failureOf(error).place, { file: '/home/anna/mkma one.config.mjs', line: 3 });
});

test('errors are told by name where it says something; causes too; a stack may lack', () => {
  const type = thrown(new TypeError('x is not a function'));
  assert.deepEqual(failureOf(type), { detail: 'TypeError: x is not a function' });
  const caused = thrown(new Error('fetch failed', { cause: new Error('refused') }));
  assert.deepEqual(failureOf(caused), { detail: 'fetch failed\nwhy: refused' });
  const bare = new Error('');
  delete bare.stack;
  assert.deepEqual(failureOf(bare), { detail: 'Error' });
});

test('what is no error is shown as it is', () => {
  assert.deepEqual(failureOf({ code: 3 }), { detail: 'it threw { code: 3 }' });
  assert.deepEqual(failureOf(null), { detail: 'it threw null' });
});
