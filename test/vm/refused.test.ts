/** What early boot refuses: each time it is said what is wrong and what to do, in a shell whose end tries again. */
import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeManifest, encodeSeekTable, HEAD_SIZE, payloadStart } from '../../src/core/image/image.js';
import { isErofs } from '../../src/core/image/manifest.js';
import { blank, diskFolder, tool } from './disk.js';
import { BASE, FORMAT, imagesFolder, Vm } from './harness.js';
import { baseManifest } from './layer.js';

/** A boot that fails. */
interface Refusal {
  readonly name: string;
  /** Further words on the kernel command line of the try before. */
  readonly words?: string;
  readonly phase: 'mount' | 'load';
  /** What is to be said, in this order. */
  readonly said: readonly RegExp[];
  /** What holds in the shell. */
  readonly facts?: readonly string[];
}

const nowhere = 'mkma_storage_device=LABEL=nowhere';
const file = (folder: string): string => `/${folder}/${BASE}`.replace('.', '\\.');

const REFUSALS: readonly Refusal[] = [
  {
    name: 'a device that does not appear: the devices there are, and a shell with tools',
    phase: 'mount',
    said: [
      /mkma: the storage device did not appear: mkma_storage_device=LABEL=nowhere \[storage-missing\]\n/,
      /waited 3 seconds/,
      /\/dev\/vda.*ext4/,
      /next: .*mkma_storage_device/,
    ],
    facts: [
      ...['blkid', 'mount', 'modprobe', 'lsmod', 'dmesg', 'zstd', 'cpio', 'vi', 'ls'].map(
        (each) => `command -v ${each}`,
      ),
      'blkid /dev/vda | grep LABEL=.refused',
      `mkdir -p /mnt && mount -t ext4 -o ro /dev/vda /mnt && ls /mnt/images | grep -x ${BASE} && umount /mnt`,
    ],
  },
  {
    name: 'once more, in vain',
    phase: 'mount',
    said: [/mkma: the storage device did not appear: /],
  },
  {
    name: 'a folder that is not on the device: its name, and what is there instead',
    words: 'mkma_storage_device=LABEL=refused mkma_images_path=/no/such/folder',
    phase: 'mount',
    said: [
      /mkma: the images folder is not on the storage device: mkma_images_path=\/no\/such\/folder \[images-folder-missing\]\n/,
      /why: \/ on the device contains: bit, cut, .*lost\+found/,
      /next: .*mkma_images_path/,
    ],
    // The storage is not left mounted behind the shell.
    facts: ['! grep ^/dev/ /proc/mounts'],
  },
  {
    name: 'a folder without a base: its name, and what lies there',
    words: 'mkma_images_path=/',
    phase: 'mount',
    said: [
      /mkma: no base\.cpio\.zst or base\.erofs in the images folder: mkma_images_path=\/ \[base-missing\]\n/,
      /why: .*lost\+found/,
      /next: copy the base there/,
    ],
    facts: ['! grep ^/dev/ /proc/mounts'],
  },
  {
    name: 'a base with one bit changed',
    words: 'mkma_images_path=/bit',
    phase: 'load',
    said:
      FORMAT === 'erofs'
        ? [
            new RegExp(`mkma: the image is damaged: ${file('bit')} \\[image-damaged\\]\n`),
            /why: its XXH64 is [0-9a-f]{16}, its manifest says [0-9a-f]{16}\n/,
            /next: copy or build it again\n/,
          ]
        : [
            new RegExp(
              `mkma: cannot unpack the image: ${file('bit')}, segment \\d+ of \\d+ \\[unpacking-failed\\]\n`,
            ),
            /why: bsdtar \(exit code 1\): .*: Zstd decompression failed: /,
            /next: the image is damaged or truncated: copy or build it again\n/,
          ],
  },
  {
    name: 'a base cut short',
    words: 'mkma_images_path=/cut',
    phase: 'load',
    said: [
      new RegExp(`mkma: the image is damaged: ${file('cut')} \\[image-damaged\\]\n`),
      FORMAT === 'erofs'
        ? /why: its file system has \d+ bytes, the file \d+: it was truncated, or not copied completely\n/
        : /why: its end is missing: it was truncated, or not copied completely\n/,
      /next: copy or build it again\n/,
    ],
  },
  {
    name: 'a base of no bytes',
    words: 'mkma_images_path=/empty',
    phase: 'load',
    said: [
      new RegExp(`mkma: the image is empty: ${file('empty')} \\[image-empty\\]\n`),
      /why: the file has 0 bytes\n/,
    ],
  },
  {
    name: 'a base of another kernel: both are named, and the remedy',
    words: 'mkma_images_path=/other',
    phase: 'load',
    said: [
      new RegExp(`mkma: the kernel and the base do not match: ${file('other')} \\[kernel-and-base\\]\n`),
      /why: running kernel: 6\.\S+; the base has modules for: 5\.10\.0-1-amd64\n/,
      /next: make the boot loader load vmlinuz and initramfs\.cpio\.zst of the build that made/,
    ],
  },
  {
    name: 'a base that does not fit is not loaded: the numbers, and what would help',
    words: 'mkma_images_path=/images mkma_size=5%',
    phase: 'load',
    said: [
      /mkma: the base does not fit into the RAM file system: mkma_size=5% \[ram-too-small\]\n/,
      /why: the base takes \d+ MiB; the RAM file system has \d+ MiB \(5% of \d+ MiB RAM\)\n/,
      /next: raise mkma_size in the boot loader, or give the machine more RAM\n/,
    ],
  },
];

/** A disk with a folder for each base that cannot be booted, and /images with one that can. */
function makeDisk(): string {
  const tree = join(diskFolder(), 'refused');
  const base = (folder: string): string => {
    mkdirSync(join(tree, folder), { recursive: true });
    return join(tree, folder, BASE);
  };
  for (const folder of ['images', 'bit', 'cut', 'other'])
    copyFileSync(join(imagesFolder(), BASE), base(folder));
  flipBit(base('bit'));
  truncateSync(base('cut'), statSync(base('cut')).size - 2 ** 20);
  writeFileSync(base('empty'), '');
  ofOtherKernel(base('other'));
  const disk = blank('refused.img', 2 ** 30);
  tool('mke2fs', '-q', '-t', 'ext4', '-L', 'refused', '-d', tree, disk);
  return disk;
}

/** Change the bit in the middle. */
function flipBit(base: string): void {
  const at = statSync(base).size >> 1;
  const fd = openSync(base, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte[0] = (byte[0] as number) ^ 1;
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
}

/** Give it a manifest of another kernel. */
function ofOtherKernel(base: string): void {
  const manifest = baseManifest();
  truncateSync(
    base,
    manifest.segments.reduce((sum, { size }) => sum + size, payloadStart(manifest)),
  );
  const frame = encodeManifest({ ...manifest, kernelRelease: '5.10.0-1-amd64' });
  const table = [{ size: HEAD_SIZE, bytes: 0 }, ...manifest.segments, { size: frame.length, bytes: 0 }];
  assert.ok(isErofs(manifest) || manifest.segments.every(({ frames }) => frames === 1));
  const end = isErofs(manifest) ? [frame] : [frame, encodeSeekTable(table)];
  writeFileSync(base, Buffer.concat(end), { flag: 'a' });
}

test('boots that are refused: what is wrong, what to do, a shell, and another try with another command line', async (t) => {
  const append = `${nowhere} mkma_timeout=3 mkma_images_path=/images`;
  await using vm = Vm.start(append, { args: ['--disk', makeDisk()] });
  for (const [i, { name, words, phase, said, facts = [] }] of REFUSALS.entries()) {
    let passed = false;
    await t.test(name, async () => {
      if (i > 0) await vm.tryAgain(words);
      await vm.expect(new RegExp(`mkma: BOOT FAILED in phase ${phase}\n`));
      for (const pattern of said) await vm.expect(pattern, 20);
      await vm.expectShell();
      await vm.ask('! grep -E " /(ram|storage|jail|mkma)" /proc/mounts');
      for (const fact of facts) await vm.ask(fact);
      passed = true;
    });
    // The machine is not where the next one would begin.
    if (!passed) return;
  }
  await t.test('with panic= it restarts instead of opening a shell', async () => {
    const before = vm.transcript.length;
    await vm.tryAgain(`${nowhere} mkma_timeout=1 panic=2`);
    await vm.expect(/mkma: BOOT FAILED in phase mount\n/);
    await vm.expect(/mkma: rebooting in 2 seconds, as panic= on the kernel command line requests\n/, 20);
    // QEMU is told not to restart: it ends.
    assert.equal(await vm.ended(), 0);
    assert.doesNotMatch(vm.transcript.slice(before), /mkma: this shell has the tools|mkma: exit retries/);
  });
});
