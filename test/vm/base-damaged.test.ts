import {
  closeSync,
  copyFileSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BASE, FORMAT, imagesFolder, Vm } from './harness.js';
import { baseOnDisk, bootFromDisk } from './layer.js';

/** What was done to the base, and what is to be said. */
const DAMAGES: [name: string, spoil: (file: string, bytes: number) => void, words: RegExp[]][] = [
  [
    'with one bit changed',
    (file, bytes) => {
      const fd = openSync(file, 'r+');
      const byte = Buffer.alloc(1);
      readSync(fd, byte, 0, 1, bytes >> 1);
      byte[0] = (byte[0] as number) ^ 1;
      writeSync(fd, byte, 0, 1, bytes >> 1);
      closeSync(fd);
    },
    FORMAT === 'erofs'
      ? [
          /mkma: the image is damaged: \/images\/base\.erofs\n/,
          /why: its XXH64 is [0-9a-f]{16}, its manifest says [0-9a-f]{16}\n/,
          /next: copy or build it again\n/,
        ]
      : [
          /mkma: cannot unpack the image: \/images\/base\.cpio\.zst, segment \d+ of \d+\n/,
          /why: bsdtar \(exit code 1\): .*: Zstd decompression failed: /,
          /next: the image is damaged or was not copied whole: copy or build it again\n/,
        ],
  ],
  [
    'cut short',
    (file, bytes) => truncateSync(file, bytes - 5000),
    [
      new RegExp(`mkma: the image is damaged: /images/${BASE}\n`),
      FORMAT === 'erofs'
        ? /why: its file system has \d+ bytes, the file \d+: it was cut short, or not copied whole\n/
        : /why: its end is missing: it was cut short, or not copied whole\n/,
      /next: copy or build it again\n/,
    ],
  ],
  [
    'of no bytes',
    (file) => writeFileSync(file, ''),
    [new RegExp(`mkma: the image is empty: /images/${BASE}\n`), /why: the file has 0 bytes\n/],
  ],
];

for (const [name, spoil, words] of DAMAGES) {
  test(`a base ${name} does not boot: what is wrong, what to do, and a shell`, async () => {
    copyFileSync(join(imagesFolder(), BASE), baseOnDisk());
    spoil(baseOnDisk(), statSync(baseOnDisk()).size);
    await using vm = Vm.start(...bootFromDisk());
    await vm.expect(/mkma: BOOT FAILED in phase load\n/);
    for (const pattern of words) await vm.expect(pattern, 20);
    await vm.expectShell();
    await vm.ask('! grep -E " /(ram|storage|jail|mkma)" /proc/mounts');
  });
}
