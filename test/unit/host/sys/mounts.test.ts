/** What the table of mounts says; what refuses to go into a mount is in test/cli/mounts-in-tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMount, parseMounts } from '../../../../src/host/sys/mounts.js';

const TABLE = [
  '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
  '40 27 0:40 / /mnt/a\\040b rw master:3 propagate_from:2 - tmpfs none rw',
  '41 27 254:0 /srv/data /out/chroot/srv\\134\\011\\012\\043 rw - ext4 /dev/vda rw',
  '42 40 254:0 /etc/hosts /mnt/a\\040b/hosts rw - ext4 /dev/vda rw',
  '43 40 0:40 /x /mnt/y rw - tmpfs none rw',
  '',
].join('\n');

test('a line of mountinfo with any optional fields and escapes', () => {
  const table = parseMounts(
    Buffer.concat([Buffer.from(TABLE), Buffer.from('44 27 0:1 / /\xff rw - a b rw\n', 'latin1')]),
  );
  assert.deepEqual(table[1], {
    ...{ id: 40, parent: 27, device: '0:40', root: '/', point: '/mnt/a b', type: 'tmpfs', source: 'none' },
  });
  assert.deepEqual(
    table.slice(2).map(({ point }) => point),
    ['/out/chroot/srv\\\t\n#', '/mnt/a b/hosts', '/mnt/y', '/\udcff'],
  );
});

test('what is mounted is told as the folder or file of this host that it shows, else as a file system', () => {
  const table = parseMounts(Buffer.from(TABLE));
  assert.deepEqual(
    table.slice(1).map((mount) => describeMount(mount, table)),
    [
      '/mnt/a b is tmpfs of none',
      '"/out/chroot/srv\\\\\\t\\n#" is /srv/data (ext4 of /dev/vda)',
      '/mnt/a b/hosts is /etc/hosts (ext4 of /dev/vda)',
      '/mnt/y is /mnt/a b/x (tmpfs of none)',
    ],
  );
});
