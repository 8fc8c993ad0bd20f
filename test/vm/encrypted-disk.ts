/**
 * Disks with encrypted and logical volumes. Not every kernel that tests run on has a device mapper: they are made inside a
 * machine, whose images are those under test; these have to contain cryptsetup and lvm.
 */
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE, imagesFolder, Vm } from './harness.js';
import { runScript } from './script.js';

/** A disk to be made: `script` has its node in $disk, and the base in /base. */
export interface DiskPlan {
  readonly name: string;
  readonly megabytes: number;
  readonly script: string;
}

/**
 * Argon2 with little work: emulated processors take minutes for the default. $1 node, $2 passphrase.
 * `open_into` also opens it as /dev/mapper/$3, `fill` makes a file system with the base in /img there.
 */
const SHELL = `set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
weak='--pbkdf-force-iterations 4 --pbkdf-memory 32768 --pbkdf-parallel 1'
format() { printf %s "$2" | cryptsetup luksFormat --batch-mode --type luks2 $weak --key-file=- --uuid "$3" "$1"; }
open_into() { printf %s "$2" | cryptsetup open --key-file=- "$1" "$3"; }
fill() {
  mke2fs -q -t ext4 -U "$2" "$1"; mkdir -p /target; mount "$1" /target
  mkdir /target/img; cp /base/* /target/img; umount /target
}
lvm() { command lvm "$@" --config 'activation { udev_sync = 0 udev_rules = 0 } devices { use_devicesfile = 0 }'; }
`;

/** Makes the disks in one machine, each as a raw file; returns their paths. */
export async function makeDisks(plans: readonly DiskPlan[]): Promise<string[]> {
  const files = plans.map(({ name, megabytes }) => {
    const file = join(imagesFolder(), `${name}.img`);
    rmSync(file, { force: true });
    writeFileSync(file, '');
    truncateSync(file, megabytes * 2 ** 20);
    return file;
  });
  const args = files.flatMap((file) => ['--data-disk', file]);
  await using vm = await Vm.shell('', { args: ['--memory', '2048', ...args] });
  await vm.ask('modprobe -a dm_mod dm_crypt ext4; mkdir -p /base /run/lock /run/cryptsetup');
  // By whatever name the disk with the images came.
  await vm.ask(
    `for disk in /dev/vd?; do mount -o ro $disk /mnt 2>/dev/null || continue; cp $(find /mnt -name ${BASE}) /base; umount /mnt; done; ls /base`,
  );
  for (const [i, { script, megabytes }] of plans.entries()) {
    const bytes = megabytes * 2 ** 20;
    const find = `for node in /dev/vd?; do [ $(blockdev --getsize64 $node) != ${bytes} ] || disk=$node; done`;
    const { output, exitCode } = await runScript(vm, `${SHELL}${find}\n: "$disk"\n${script}`, 400);
    if (exitCode !== 0) throw new Error(`cannot make the disk ${plans[i]?.name}:\n${output}`);
  }
  await vm.ask('sync');
  await vm.powerOff('poweroff -f');
  return files;
}
