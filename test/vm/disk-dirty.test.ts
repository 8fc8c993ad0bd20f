import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskFolder, tool, wholeDisk } from './disk.js';
import { Vm } from './harness.js';

const APPEND = 'mkma_storage_device=LABEL=images mkma_images_path=/images mkma_break=load';

/** A disk whose journal holds a block that did not reach its place: the file /note says "old" until it is replayed. */
function dirtyDisk(): string {
  const { file } = wholeDisk('ext4');
  const [old, fresh, commands] = ['old', 'new', 'commands'].map((name) => join(diskFolder(), name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(old, 'old'.padEnd(4096));
  writeFileSync(fresh, 'new'.padEnd(4096));
  tool('debugfs', '-w', '-R', `write "${old}" note`, file);
  const block = tool('debugfs', '-R', 'bmap /note 0', file);
  writeFileSync(commands, `jo -c\njw -b ${block} ${fresh}\njc\n`);
  tool('debugfs', '-w', '-f', commands, file);
  assert.match(tool('dumpe2fs', '-h', file), /needs_recovery/);
  return file;
}

test('a dirty journal on an SD card is replayed, and the console says so', async () => {
  const file = dirtyDisk();
  await using vm = Vm.start(APPEND, { args: ['--disk', file, '--bus', 'sd'] });
  await vm.expect(/mkma: \/dev\/mmcblk0 was not unmounted cleanly: its journal was replayed\n/);
  await vm.expectShell();
  assert.equal(await vm.ask('head -c 3 /storage/note'), 'new');
});

if (process.env.MKMA_TEST_LONG === '1') {
  test('where the device cannot be written the journal is left alone, and the base loaded all the same', async () => {
    const file = dirtyDisk();
    await using vm = Vm.start(APPEND, { args: ['--disk', `${file}:ro`, '--bus', 'pvscsi'] });
    await vm.expect(/mkma: \/dev\/sda is mounted without its journal, which could not be replayed: /);
    await vm.expectShell();
    assert.equal(await vm.ask('head -c 3 /storage/note'), 'old');
    vm.type('exit');
    await vm.expect(/mkma: handing over to/);
  });
}
