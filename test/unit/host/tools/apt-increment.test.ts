/** What apt answers before packages are added to a tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersOf, parseSimulation } from '../../../../src/host/tools/apt-increment.js';

test('answers are the lines between the marks, whatever apt printed before', () => {
  const output = `Hit:1 somewhere
mkma-answer:all
Inst libc6 (2.41-12 Debian:13.2/stable [amd64])
Conf libc6 (2.41-12 Debian:13.2/stable [amd64])
mkma-answer:more
mkma-answer:kernel
linux-image-6.12_6.12-1_amd64.deb
mkma-answer:end
`;
  const answers = answersOf(output);
  assert.deepEqual([...answers.keys()], ['all', 'more', 'kernel']);
  assert.match(answers.get('all') ?? '', /^Inst libc6/);
  assert.equal(answers.get('more'), '');
});

test('what would be installed, and what would be removed or be there in another version', () => {
  const output = `Remv exim4-base [4.98-1] [exim4:amd64 ]
Inst postfix (3.10.4-1 Debian:13/stable [amd64])
Inst libssl3t64 [3.5.1-1] (3.5.2-1 Debian-Security:13/stable-security [amd64])
Inst zlib1g:i386 (1:1.3 Debian:13/stable [i386])
Conf postfix (3.10.4-1 Debian:13/stable [amd64])`;
  assert.deepEqual(parseSimulation(output), {
    installed: ['postfix 3.10.4-1', 'libssl3t64 3.5.2-1', 'zlib1g 1:1.3'],
    disturbed: ['exim4-base', 'libssl3t64'],
  });
});
