/** Generations in an images folder on FAT, which has no hard links and no owners, on a machine whose kernel mounts it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blank } from '../vm/disk.js';
import { GUEST, GuestHost } from '../vm/guest-host.js';

const MIB = 2 ** 20;
const IMAGES = '/mnt/images';

/** As a person does it by sudo, whose files it is to be. */
const sudo = (words: string): string =>
  `env SUDO_UID=1000 SUDO_GID=1000 mkma generations ${words} --output ${IMAGES} </dev/null`;

test('they are copied, which is said; used, dropped, and refused where there is no room', async () => {
  await using host = await GuestHost.start({ disks: [blank('fat.raw', 680 * MIB)] });
  const [disk = ''] = host.disks;
  const { vm } = host;
  await vm.ask(`mkfs.vfat -F 32 ${disk} && mount -t vfat ${disk} /mnt && mkdir ${IMAGES}`, 60);
  await vm.ask(`cp ${GUEST.images}/* ${IMAGES}/`, 120);
  const size = Number(await vm.ask(`cat ${IMAGES}/base.* ${IMAGES}/initramfs* ${IMAGES}/vmlinuz | wc -c`));
  const cost = (text: string): number =>
    Number(/([\d.]+) MiB of it copied, since hard links/.exec(text)?.[1]);

  const first = await vm.ask(sudo('add'), 300);
  assert.match(first, /made generation 1/);
  assert.ok(Math.abs(cost(first) - size / MIB) < 1, `${first}, ${size} bytes`);
  await vm.ask(`cmp ${IMAGES}/base.* ${IMAGES}/generations/1/base.*`, 120);
  assert.match(await vm.ask(sudo('add'), 300), /generation 1 has these images already/);

  await vm.ask(`echo second=1 >>${IMAGES}/cmdline`);
  assert.match(await vm.ask(sudo('add'), 300), /made generation 2, /);
  await vm.ask(`echo third=1 >>${IMAGES}/cmdline; ls -AR ${IMAGES} >/run/before`);
  const full = await vm.sh(sudo('add'), 300);
  assert.notEqual(full.exitCode, 0, full.output);
  assert.match(full.output, /\[generation-no-room\][\s\S]*takes \d+ MiB; \d+ MiB are free[\s\S]*drop one/);
  await vm.ask(`ls -AR ${IMAGES} | diff /run/before -`);

  await vm.ask(sudo('use 1'), 120);
  await vm.ask(sudo('pin 1'), 120);
  const list = await vm.ask(sudo('list'), 120);
  assert.match(list, /^2 /m);
  assert.match(list, /^1 .*default.*pinned|^1 .*pinned.*default/m);
  assert.match((await vm.sh(sudo('drop 1'), 120)).output, /\[generation-held\]/);
  await vm.ask(sudo('drop 2'), 120);
  assert.equal(await vm.ask(`ls -A ${IMAGES}/generations | sort | tr '\\n' ' '`), '1 default');
  await vm.ask(`umount /mnt; fsck.vfat -n ${disk}`, 120);
});
