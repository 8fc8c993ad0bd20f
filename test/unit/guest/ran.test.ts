import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, ran, whyNotRun } from '../../../src/guest/ran.js';
import { ThrownProblem } from '../../../src/guest/thrown-problem.js';

const ended = (code: number, stderr = '') => ({ code, stdout: '', stderr });
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (cause) {
    assert.ok(cause instanceof ThrownProblem);
    return cause.problem.code;
  }
  return undefined;
};

test('a program that could not run, a part of a pipe included, is told by its name', () => {
  const what = (argv: string[], finished: ReturnType<typeof ended>) =>
    whyNotRun(argv, finished)?.problem.what;
  assert.equal(what(['blkid'], ended(127)), 'cannot run blkid');
  assert.equal(what(['blkid'], ended(126)), 'cannot run blkid');
  assert.equal(what(['sh', '-c', 'dd | x'], ended(0, 'sh: 1: dd: not found\n')), 'cannot run dd');
  assert.equal(what(['sh', '-c', 'dd | x'], ended(127, 'sh: dd: not found\n')), 'cannot run dd');
  assert.equal(
    what(['sh', '-c', 'x', 'frame.0'], ended(127, 'frame.0: 1: exec: x: not found\n')),
    'cannot run x',
  );
  assert.equal(what(['sh', '-c', 'x'], ended(1, 'setfattr: x: Permission denied\n')), undefined);
  assert.equal(what(['sh', '-c', 'x'], ended(2, 'sh: 1: cannot open /x: No such file')), undefined);
  // Words like a shell's, out of another program.
  assert.equal(what(['find'], ended(1, 'sh: 1: dd: not found')), undefined);
  assert.equal(what(['blkid'], ended(2)), undefined);
  assert.match(whyNotRun(['getfattr'], ended(127))?.problem.next ?? '', /reinstall attr$/);
});

test('exit codes that are answers, and others', () => {
  assert.equal(ran(['grep'], ended(1)).code, 1);
  assert.equal(answered(['grep'], ended(1), [1]).code, 1);
  assert.equal(
    codeOf(() => answered(['grep'], ended(2, 'x'), [1])),
    'program-failed',
  );
  assert.equal(
    codeOf(() => ran(['grep'], ended(127))),
    'program-missing',
  );
});
