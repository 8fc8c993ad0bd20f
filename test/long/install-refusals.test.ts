/** mkma as a host in a machine of its own, with device mapper and RAID: what `mkma install` refuses there, and that it says why. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { blank } from '../vm/disk.js';
import { GUEST, GuestHost } from '../vm/guest-host.js';
import type { Outcome } from '../vm/harness.js';
import { digestOf } from '../vm/medium.js';

const MIB = 2 ** 20;

/** A use of a disk. Scripts have its node in $a, another disk in $b. */
interface Use {
  readonly name: string;
  /** Brings it about. */
  readonly begin: string;
  /** Ends it, and leaves empty disks. */
  readonly end: string;
  readonly code: string;
  readonly why: RegExp;
  /** What is named as the target, if not $a. */
  readonly target?: string;
}

/** With little work for Argon2: the machine is emulated. */
const LUKS = String.raw`printf %s secret | cryptsetup luksFormat --batch-mode --type luks2 --key-file=- \
  --pbkdf-force-iterations 4 --pbkdf-memory 32768 --pbkdf-parallel 1 $a
printf %s secret | cryptsetup open --key-file=- $a opened`;
const WIPE = 'udevadm settle; wipefs --quiet --all $a $b';

const USES: readonly Use[] = [
  {
    name: 'a physical volume whose group is active',
    begin: 'pvcreate -q $a; vgcreate -q group $a; lvcreate -q -n volume -l 100%FREE group',
    end: 'vgremove -q --force group; pvremove -q $a',
    code: 'target-in-use',
    why: /\/dev\/mapper\/group-volume \(LVM\) is built on it/,
  },
  {
    name: 'a physical volume whose group is not active',
    begin:
      'pvcreate -q $a; vgcreate -q group $a; lvcreate -q -n volume -l 100%FREE group; vgchange -q -an group',
    end: 'vgremove -q --force group; pvremove -q $a',
    code: 'target-in-use',
    why: /\/dev\/vd. is a physical volume of LVM, which is not active now[\s\S]*wipefs --all \/dev\/vd./,
  },
  {
    name: 'a member of a running RAID',
    begin: 'mdadm --quiet --create /dev/md7 --run --level 1 --metadata 1.2 --raid-devices 2 $a $b',
    end: `mdadm --quiet --stop /dev/md7; ${WIPE}`,
    code: 'target-in-use',
    why: /\/dev\/md7 \(RAID\) is built on it/,
  },
  {
    name: 'a member of a RAID that was stopped',
    begin: `mdadm --quiet --create /dev/md7 --run --level 1 --metadata 1.2 --raid-devices 2 $a $b
udevadm settle; mdadm --quiet --wait-clean /dev/md7 || :; mdadm --quiet --stop /dev/md7`,
    end: `[ ! -e /sys/block/md7 ] || mdadm --quiet --stop /dev/md7; ${WIPE}`,
    code: 'target-in-use',
    why: /\/dev\/vd. is a member of a RAID/,
  },
  {
    name: 'under a mapping of the device mapper',
    begin: 'echo "0 2048 linear $a 0" | dmsetup create mapped',
    end: 'dmsetup remove mapped',
    code: 'target-in-use',
    why: /\/dev\/mapper\/mapped \(device mapper or alike: dm\) is built on it/,
  },
  {
    name: 'under an open encrypted volume',
    begin: LUKS,
    end: `cryptsetup close opened; ${WIPE}`,
    code: 'target-in-use',
    why: /\/dev\/mapper\/opened \(device mapper, encrypted\) is built on it/,
  },
  {
    name: 'swap in use',
    begin: 'mkswap --quiet $a; swapon $a',
    end: `swapoff $a; ${WIPE}`,
    code: 'target-in-use',
    why: /\/dev\/vd. is swap/,
  },
  {
    name: 'mounted',
    // Nothing is initialised later in the background.
    begin:
      'mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 $a; mkdir -p /mnt/target; mount $a /mnt/target; sync',
    end: `umount /mnt/target; ${WIPE}`,
    code: 'target-in-use',
    why: /\/dev\/vd. is mounted on \/mnt\/target[\s\S]*umount \/dev\/vd./,
  },
  {
    name: 'open by another program',
    begin: 'sleep 10000 <$a & echo $! >/run/holder',
    end: 'kill $(cat /run/holder)',
    code: 'target-in-use',
    why: /process \d+ sleep has it open/,
  },
  {
    name: 'a partition',
    begin: `printf 'label: gpt\\n,\\n' | sfdisk --quiet $a; udevadm settle`,
    end: WIPE,
    code: 'target-is-partition',
    why: /name the whole disk, .*: \/dev\/vd.$/,
    target: '$a1',
  },
  {
    name: 'read-only by a setting of the kernel',
    begin: 'blockdev --setro $a',
    end: 'blockdev --setrw $a',
    code: 'target-read-only',
    why: /the device or its switch says so/,
  },
];

let host: GuestHost;
const files: string[] = [];

before(async () => {
  files.push(...['a', 'b', 'c'].map((name) => blank(`${name}.raw`, 64 * MIB)));
  const [a = '', b = '', c = ''] = files;
  host = await GuestHost.start({ disks: [a, b, `${c}:ro`] });
});
after(() => host?.[Symbol.asyncDispose]());

async function refusal(target: string): Promise<Outcome> {
  const [a = ''] = host.disks;
  const words = `install "${target}" --output ${GUEST.images} --fresh --confirm ${a.slice('/dev/'.length)}`;
  return host.mkma(words);
}

async function digests(): Promise<string[]> {
  await host.vm.ask('sync');
  return Promise.all(files.map(digestOf));
}

for (const { name, begin, end, code, why, target = '$a' } of USES) {
  test(`refused: ${name}`, async () => {
    const [a = '', b = ''] = host.disks;
    const nodes = `a=${a} b=${b}`;
    await host.script(`${nodes}\n${begin}\nudevadm settle; sleep 1`);
    const before = await digests();
    const { output, exitCode } = await refusal(target.replace('$a', a));
    const changed = (await digests()).some((digest, i) => digest !== before[i]);
    await host.script(`${nodes}\n${end}`);
    assert.notEqual(exitCode, 0, output);
    assert.match(output, new RegExp(`\\[${code}\\]`));
    assert.match(output, why);
    assert.ok(!changed, 'the disk was changed');
  });
}

test('refused: a disk that cannot be written', async () => {
  const [, , c = ''] = host.disks;
  const { output } = await refusal(c);
  assert.match(output, /\[target-read-only\]/);
});
