import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import {
  escapeCommand,
  parseAgentLine,
  request,
  runRequest,
} from '../../../../src/host/machine-tests/protocol.js';

test('a command is one word of ASCII that the shell turns back byte for byte', () => {
  const command = ' echo "ü\\n\\0101" \'$HOME\'\n\tsecond % line \\\\ \x01\x7f';
  const word = escapeCommand(command);
  assert.match(word, /^[\x21-\x7e]+$/);
  const back = execFileSync('sh', ['-c', 'printf %b "$1"', 'sh', word], { encoding: 'utf8' });
  assert.equal(back, command);
});

test('requests are lines', () => {
  assert.equal(runRequest(3, 'id -u'), '3 run id\\0040-u\n');
  assert.equal(request(3, 'kill'), '3 kill\n');
});

test('answers carry code and both outputs; nothing is "-"', () => {
  const out = Buffer.from('ü\0\n').toString('base64');
  assert.deepEqual(parseAgentLine(`mkma-test: 12 137 ${out} -\r`), {
    type: 'reply',
    id: 12,
    reply: { exitCode: 137, stdout: 'ü\0\n', stderr: '' },
  });
  assert.deepEqual(parseAgentLine('mkma-test: ready'), { type: 'ready' });
});

test('other lines, and answers cut short, are no answers', () => {
  for (const line of [
    '',
    'ok a check - passed',
    'mkma-test: 1 0',
    'mkma-test: 1 0 - ',
    'mkma-test: x 0 - -',
  ]) {
    assert.deepEqual(parseAgentLine(line), { type: 'other' }, line);
  }
});
