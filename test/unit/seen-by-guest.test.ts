/** Saved machines are kept by what they can see of QEMU's command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Network, qemuCommand } from '../../src/host/tools/qemu.js';
import { seenByGuest } from '../vm/seen-by-guest.js';

function command(folder: string, append: string, network?: Network): string {
  const start = { by: 'kernel', kernel: `${folder}/vmlinuz`, initrd: `${folder}/initrd`, append } as const;
  const machine = { accel: 'tcg', memoryMiB: 2048, cpus: 1, start, bus: 'virtio', network } as const;
  const { file, args } = qemuCommand({ ...machine, disks: [], serials: [], display: 'none' });
  return seenByGuest([file, ...args].join(' '), folder);
}

test('another folder of images or another port of this host is the same machine', () => {
  const forwards = (...hosts: number[]) => hosts.map((host, i) => ({ host, guest: 22 + i }));
  const seen = command('/a', 'quiet', { outward: false, forwards: forwards(2222) });
  assert.match(seen, / user,id=net0,restrict=on -device /);
  for (const hosts of [[65535], [1, 2], []]) {
    assert.equal(command('/b/c', 'quiet', { outward: false, forwards: forwards(...hosts) }), seen);
  }
});

test('another network, or other words for the kernel, is another machine', () => {
  const network: Network = { outward: false, forwards: [{ host: 2222, guest: 22 }] };
  const all = [
    command('/a', 'quiet', network),
    command('/a', 'quiet', { ...network, outward: true }),
    command('/a', 'quiet'),
    command('/a', 'debug', network),
  ];
  assert.equal(new Set(all).size, all.length);
});
