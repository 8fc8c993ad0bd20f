/** A machine that runs from the first of three generations on its storage. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestMachine } from './machine.js';

/** Boots it, and puts them there; `contentOf`: what their kernels and initramfs consist of. */
export function runFromFirst(machine: TestMachine, contentOf: (number: number) => string): void {
  machine.newBase((base) => mkdirSync(join(base, 'etc')));
  machine.boot();
  machine.onStorage((folder) => {
    for (const number of [1, 2, 3]) {
      const own = join(folder, 'images/generations', String(number));
      mkdirSync(own, { recursive: true });
      cpSync(join(folder, 'images/base.cpio.zst'), join(own, 'base.cpio.zst'));
      for (const name of ['vmlinuz', 'initramfs.cpio.zst']) writeFileSync(join(own, name), contentOf(number));
      writeFileSync(join(own, 'cmdline'), `mkma_images_path=/images/generations/${number} quiet\n`);
    }
    mkdirSync(join(folder, 'boot/grub'), { recursive: true });
  });
  setImagesPath(machine, '/images/generations/1');
}

/** The folder from which the machine is taken to run. */
export function setImagesPath(machine: TestMachine, path: string): void {
  const file = join(machine.root, 'run/mkma/boot.json');
  const record = JSON.parse(readFileSync(file, 'utf8'));
  record.storage.path = path;
  writeFileSync(file, JSON.stringify(record));
}
