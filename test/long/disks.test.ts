/** Disks of a definition, by its own words: homes on one, encrypted ones, swap with a key of each boot, and one that is not there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { execute, main } from '../cli/cli.js';
import type { Vm as Machine } from '../vm/harness.js';

const built = process.env.MKMA_TEST_IMAGES ?? '';
assert.ok(built);
const output = mkdtempSync(join(dirname(built), 'disks-'));
after(() => rmSync(output, { recursive: true, force: true }));

const HOME = '11111111-2222-4333-8444-555555555555';
const ASKED = '/dev/disk/by-id/virtio-mkma-4';
const SWAP = '0000aaaa-0000-4000-8000-000000000001';
const TAKEN = '0000aaaa-0000-4000-8000-000000000002';

const DEFINITION = {
  hostname: 'disks',
  users: {
    ada: { uid: 1000, authorizedKeys: ['ssh-ed25519 AAAA ada'] },
    bob: { uid: 1001, home: '/srv/bob' },
  },
  files: {
    '/etc/keys/data': { content: 'a key of the definition', mode: '0600' },
    '/home/ada/.vimrc': { content: 'set number\n', owner: 'ada' },
  },
  mounts: {
    '/home': { device: `UUID=${HOME.toUpperCase()}`, type: 'ext4', options: ['noatime'] },
    // Not yet a file system at the first boot.
    '/srv/data': { device: 'PARTLABEL=data', encrypted: { keyFile: '/etc/keys/data' } },
    '/srv/asked': { device: ASKED, type: 'ext4', encrypted: true },
    '/srv/bob': { device: 'LABEL=bobs disk' },
    '/srv/gone': { device: 'LABEL=gone' },
  },
  swap: [
    { device: `PARTUUID=${SWAP.toUpperCase()}`, encrypted: 'random', priority: 5 },
    // This one holds a file system: nobody wants it to be swap.
    { device: `PARTUUID=${TAKEN}`, encrypted: 'random' },
  ],
  ramVolumes: { '/home/ada/.cache': { size: '10%', mode: '0700', owner: 'ada' } },
};

/** It need not be there before the login, and its key is made first. */
const SWAPPED =
  'i=0; until swapon --show=PRIO --noheadings | grep . || [ $i = 90 ]; do sleep 1; i=$((i + 1)); done';

/** Commands in the machine, and what each prints. */
type Facts = readonly (readonly [string, string | RegExp])[];

const FIRST: Facts = [
  ['findmnt -no SOURCE,FSTYPE /home', /^\/dev\/vd[a-z] +ext4$/],
  ['findmnt -no OPTIONS /home', /noatime/],
  // Made on the disk, as the image has it, and before what is mounted in it.
  ['stat -c "%a %U %G" /home/ada /home/ada/.cache', '700 ada ada\n700 ada ada'],
  [
    'cat /home/ada/.vimrc; stat -c %U /home/ada/.vimrc /home/ada/.ssh/authorized_keys',
    'set number\nada\nada',
  ],
  ['findmnt -no FSTYPE /home/ada/.cache', 'tmpfs'],
  // A disk that is one home.
  ['stat -c "%a %U" /srv/bob; test -e /srv/bob/.profile && ls -A /srv/bob | grep -c mkma-new', '700 bob\n0'],
  [SWAPPED, '5'],
  ['dmsetup table swap | cut -d" " -f3,4', 'crypt aes-xts-plain64'],
  ['systemctl is-active srv-gone.mount srv-asked.mount', 'inactive\ninactive'],
];

const SECOND: Facts = [
  ['cat /srv/data/word /srv/asked/word /home/ada/word', 'data\nasked\nhome'],
  [
    'for at in data asked; do findmnt -no SOURCE /srv/$at; done',
    '/dev/mapper/srv-data\n/dev/mapper/srv-asked',
  ],
  ['stat -c "%a %U" /home/ada', '750 ada'],
  ['cat /home/ada/.vimrc', 'of ada'],
  // Swap that was asked for where something else is has destroyed nothing.
  [`blkid --probe --output value --match-tag LABEL /dev/disk/by-partuuid/${TAKEN}`, 'precious'],
  [SWAPPED, '5'],
];

/** In the first boot: what needs the device mapper is made on the machine's kernel. Passphrases take no time to try. */
const MAKE = `set -e
cheap='--batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000'
make() { # DEVICE NAME KEY
  cryptsetup luksFormat $cheap --key-file $3 $1
  cryptsetup open --key-file $3 $1 new && mkfs.ext4 -q /dev/mapper/new
  mount /dev/mapper/new /mnt && echo $2 >/mnt/word && umount /mnt && cryptsetup close new
}
printf 'open sesame' >/run/pass
make /dev/disk/by-partlabel/data data /etc/keys/data
make ${ASKED} asked /run/pass
runuser -u ada -- sh -c 'echo home >~ada/word; echo of ada >~ada/.vimrc; chmod 750 ~ada'`;

test('disks of a definition are mounted, unlocked, made into swap and homes; absent ones are named', async () => {
  const config = join(output, 'machine.json');
  writeFileSync(config, JSON.stringify(DEFINITION));
  const words = [main, 'build', '--config', config, '--format', 'erofs', '--output', output];
  const made = await execute(process.execPath, words);
  assert.equal(made.code, 0, made.stderr);

  process.env.MKMA_TEST_IMAGES = output;
  const { Vm } = await import('../vm/harness.js');
  const { blank, tool, wholeDisk } = await import('../vm/disk.js');
  const { runScript } = await import('../vm/script.js');
  const images = wholeDisk('ext4');
  const disks = [images.file, blank('home.img'), gpt(blank('gpt.img')), blank('asked.img'), blank('bob.img')];
  tool('mke2fs', '-q', '-t', 'ext4', '-U', HOME, disks[1] as string);
  tool('mke2fs', '-q', '-t', 'ext4', '-L', 'bobs disk', disks[4] as string);
  const args = disks.flatMap((file) => ['--disk', file]);
  const append = `mkma_storage_device=UUID=${images.uuid} mkma_images_path=/images`;
  const check = async (vm: Machine, facts: Facts): Promise<void> => {
    const wrong: string[] = [];
    for (const [command, expected] of facts) {
      const text = (await runScript(vm, command)).output.trim();
      const fits = typeof expected === 'string' ? text === expected : expected.test(text);
      if (!fits) wrong.push(`${command}\n${text}\ninstead of ${expected}`);
    }
    assert.deepEqual(wrong, []);
  };

  {
    await using vm = Vm.start(append, { args });
    // As the boot goes on, and again when somebody logs in.
    await vm.expect(/mkma: \/srv\/gone: not mounted: there is no disk LABEL=gone\. /);
    await vm.expect(
      /login: root \(automatic login\)[\s\S]*\/srv\/gone: not mounted: there is no disk LABEL=gone\. /,
    );
    await vm.expectShell();
    await check(vm, FIRST);
    const { disks: known } = await vm.status();
    assert.deepEqual(
      known.map(({ point = 'swap', state }) => `${point}: ${state}`),
      [
        ...['/home: used', '/srv/asked: locked', '/srv/bob: used', '/srv/data: locked', '/srv/gone: absent'],
        ...['swap: used', 'swap: locked'],
      ],
    );
    const { output: words, exitCode } = await runScript(vm, MAKE);
    assert.equal(exitCode, 0, words);
    // None of it is in the RAM.
    assert.doesNotMatch(await vm.ask('mkma persist --all --dry-run'), / \/(home|srv)\//);
    assert.equal(await vm.powerOff(), 0);
  }

  await using vm = Vm.start(append, { args });
  await vm.expect(/enter passphrase for disk \S*asked/i);
  vm.type('open sesame');
  await vm.expectLogin();
  await check(vm, SECOND);
  const missing = await vm.ask('mkma status --missing');
  assert.deepEqual(
    missing.split('\n').map((line) => line.split(': ', 2).join(': ')),
    ['/srv/gone: not mounted', 'swap: off'],
  );
});

/** A disk with room for data, for swap, and a partition that holds a file system. */
function gpt(file: string): string {
  const MiB = 2 ** 20;
  const table = [
    'label: gpt',
    'start=1MiB, size=100MiB, name="data"',
    `start=101MiB, size=64MiB, uuid=${TAKEN}`,
    `start=165MiB, size=64MiB, uuid=${SWAP}`,
  ];
  execFileSync('/usr/sbin/sfdisk', ['--quiet', file], { input: `${table.join('\n')}\n` });
  const offset = `offset=${101 * MiB}`;
  execFileSync('/usr/sbin/mke2fs', ['-q', '-t', 'ext4', '-L', 'precious', '-E', offset, file, '64M']);
  return file;
}
