import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { BASE_FILES } from '../../src/core/contract.js';
import { Vm } from './harness.js';
import { baseOnDisk, bootFromDisk } from './layer.js';

test('a base by hand with more files than the RAM file system has inodes', async () => {
  const script = `dir=$(mktemp -d); cd "$dir"; seq 52000 | xargs touch
find . | cpio -o -H newc --quiet | zstd -q -f -o "$1"; cd /; rm -r "$dir"`;
  execFileSync('bash', ['-e', '-c', script, 'bash', baseOnDisk(BASE_FILES.cpio)]);
  const [append, { args }] = bootFromDisk();
  await using vm = Vm.start(append, { args: [...args, '--memory', '384'] });
  await vm.expect(/mkma: BOOT FAILED in phase load\n/);
  await vm.expect(/mkma: the base does not fit into the RAM file system: /, 20);
  await vm.expect(/it has too many files: no inodes are left, and their number depends on the RAM\n/, 20);
  await vm.expect(/next: give the machine more RAM, or build the base with mkma, so /, 20);
  await vm.expectShell();
});
