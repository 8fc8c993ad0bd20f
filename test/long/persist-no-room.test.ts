import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASE, FORMAT, Vm } from '../vm/harness.js';
import { bootFromDisk } from '../vm/layer.js';

const DISK = 'LABEL=layers';
/** Room for the base, 60 MiB, 170 MiB and not much more. */
const MEBIBYTES = FORMAT === 'erofs' ? 413 : 540;

test('no room on the storage device, then none in the next boot: refused with the numbers, nothing is left behind', async () => {
  const [append, { args }] = bootFromDisk(`mkma_size=${MEBIBYTES}M`);
  await using vm = await Vm.login(append, { args });
  // All but 20 MiB are taken.
  await vm.ask(`mkdir /run/disk; mount ${DISK} /run/disk; cd /run/disk/images`);
  await vm.ask("fallocate -l $(($(stat -f -c '%a*%S' .) - (20<<20))) filling; cd; umount /run/disk");
  await vm.ask('head -c 60M /dev/urandom >/root/large');

  const full = await vm.sh('mkma persist --all --level 1', 300);
  assert.match(full.output, /^error: the layer does not fit on the storage device \[storage-full\]\n/m);
  assert.match(full.output, /\n +why: .*No space left on device\n/);
  assert.match(
    full.output,
    /\n +next: save less, or free some space there; nothing was saved, and what was written was removed/,
  );
  assert.equal(full.exitCode, 1);
  assert.equal((await vm.sh(`findmnt --noheadings --source ${DISK}`)).output, '');
  await vm.ask(`mount ${DISK} /run/disk`);
  assert.equal(await vm.ask('ls -1A /run/disk/images'), `${BASE}\nfilling`);
  await vm.ask('rm /run/disk/images/filling; umount /run/disk');
  assert.match(await vm.ask('mkma persist --select /root/large --level 1', 300), /saved 1 change as /);

  // The next boot has to hold the first layer, and what takes the place of its content.
  await vm.ask('rm /root/large; head -c 170M /dev/urandom >/root/large', 100);
  const large = await vm.sh('mkma persist --select /root/large --level 1', 300);
  assert.match(
    large.output,
    new RegExp(
      `^error: the next boot would not have room for this: mkma_size, ${MEBIBYTES} MiB on this machine \\[ram-too-small\\]\n`,
    ),
  );
  assert.match(
    large.output,
    /\n +why: the images would take \d{3} MiB, 17\d MiB of them for what you save, and the running system needs 32 MiB\n/,
  );
  assert.match(large.output, /\n +next: save less, remove a layer, or raise mkma_size in the boot loader/);
  assert.equal(large.exitCode, 1);
  await vm.ask(`mount -o ro ${DISK} /run/disk`);
  assert.equal(await vm.ask('ls -1A /run/disk/images | wc -l; umount /run/disk'), '2');
  assert.equal(await vm.powerOff(), 0);
});
