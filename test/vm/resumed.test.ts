/** Two machines that go on from one saved machine are two machines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resume } from './saved.js';

const UUIDS = 'cat /proc/sys/kernel/random/uuid; mktemp -u /tmp/XXXXXXXXXX';

test('two machines resumed from one file: other random numbers, the right date, each its own disk', async () => {
  const first = await resume();
  await using one = first.vm;
  const second = await resume();
  await using two = second.vm;
  const drawn = new Set(
    (await Promise.all([one.ask(UUIDS), two.ask(UUIDS)])).flatMap((text) => text.split('\n')),
  );
  assert.equal(drawn.size, 4, [...drawn].join(' '));
  for (const vm of [one, two]) {
    const off = Number(await vm.ask('date +%s')) - Date.now() / 1000;
    assert.ok(Math.abs(off) < 30, `the clock is ${off} s off`);
    assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
  }
  await one.ask('mount LABEL=layers /mnt && echo one >/mnt/mark && umount /mnt');
  await two.ask('mount LABEL=layers /mnt && test ! -e /mnt/mark && umount /mnt');
  assert.equal(await one.ask('mount LABEL=layers /mnt && cat /mnt/mark; umount /mnt'), 'one');
});
