import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { BASE_FILES } from '../../src/core/contract.js';
import { Vm } from './harness.js';
import { baseOnDisk, bootFromDisk } from './layer.js';

test('a base that does not fit is not loaded: the numbers, and what would help', async () => {
  await using vm = Vm.start('mkma_size=30%', { args: ['--memory', '480'] });
  await vm.expect(/mkma: BOOT FAILED in phase load\n/);
  await vm.expect(/mkma: the base does not fit into the RAM file system: mkma_size=30%\n/, 20);
  await vm.expect(
    /why: the base takes \d+ MiB; the RAM file system has \d+ MiB \(30% of \d+ MiB RAM\)\n/,
    20,
  );
  await vm.expect(/next: raise mkma_size in the boot loader, or give the machine more RAM\n/, 20);
  await vm.expectShell();
});

test('a base by hand with more files than the RAM file system has inodes', async () => {
  const script = `dir=$(mktemp -d); cd "$dir"; seq 70000 | xargs touch
find . | cpio -o -H newc --quiet | zstd -q -f -o "$1"; cd /; rm -r "$dir"`;
  execFileSync('bash', ['-e', '-c', script, 'bash', baseOnDisk(BASE_FILES.cpio)]);
  const [append, { args }] = bootFromDisk();
  await using vm = Vm.start(append, { args: [...args, '--memory', '512'] });
  await vm.expect(/mkma: BOOT FAILED in phase load\n/);
  await vm.expect(/mkma: the base does not fit into the RAM file system: /, 20);
  await vm.expect(
    /it has too many files: the inodes are used up, and their number follows from the RAM\n/,
    20,
  );
  await vm.expect(/next: give the machine more RAM, or let mkma make the base: /, 20);
  await vm.expectShell();
});
