/** A base that is a folder with what dpkg needs, accounts, and mount(8). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withMount } from './mount.js';

export function emptyBase(images: string, root: string): void {
  const folders = [
    'etc/gen',
    'home',
    'usr/bin',
    'usr/share/gen',
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/lib/dpkg/triggers',
    'var/lib/dpkg/alternatives',
    'var/cache/debconf',
    'etc/alternatives',
    'var/log',
    'var/lib/gen',
  ];
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  writeFileSync(join(root, 'etc/shadow'), 'root:*:20420:0:99999:7:::\n');
  for (const name of [
    'var/lib/dpkg/status',
    'var/lib/dpkg/diversions',
    'var/lib/dpkg/statoverride',
    'var/cache/debconf/config.dat',
  ])
    writeFileSync(join(root, name), '');
  withMount(images, root);
}
