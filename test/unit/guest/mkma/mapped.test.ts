import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LowerView } from '../../../../src/core/overlay/lower.js';
import { asLowerLayer, saveSnapshot } from '../../../../src/core/overlay/snapshot.js';
import { mappedInodes, ownDevices } from '../../../../src/guest/mkma/persist/mapped.js';
import { entry, tree } from '../../core/entry.js';

const MAPS = `7f0000000000-7f0000001000 rw-s 00000000 00:2c 4711                       /srv/data base.mdb
7f0000002000-7f0000003000 rw-s 00000000 00:01 0                          [anon]
7f0000004000-7f0000005000 -w-s 00000000 00:2c 12 /x
7f0000006000-7f0000007000 rw-s 00000000 00:2c 5                          /etc/two\\012lines
7f0000008000-7f0000009000 rw-s 00000000 00:2c 6                          /gone (deleted)
7f000000a000-7f000000b000 rw-s 00000000 00:19 77                         /run/log/journal/system.journal
7f000000c000-7f000000d000 rw-s 00000000 00:2c 9223372036854776785        /etc/issue
`;

test('files that programs have mapped shared and writable', () => {
  // The last is the number of a file of an EROFS base in an overlay with xino=on.
  const told = ['4711', '12', '5', '6', '9223372036854776785'];
  const ended = { code: 0, stdout: MAPS, stderr: '' };
  const ours = new Set(['00:2c', '00:2a']);
  assert.deepEqual(mappedInodes(ended, [], ours), new Set(told));
  // In an overlay a file that was copied up is told by its lower inode's number: its path leads to the upper one's.
  const entries = tree(
    entry('etc/two\nlines', { ino: '99' }),
    entry('etc/issue', { ino: '25' }),
    entry('srv/data base.mdb', { ino: '4711' }),
    entry('y'),
  );
  assert.deepEqual(mappedInodes(ended, entries, ours), new Set([...told, '99', '25']));
});

test('the devices of the overlay and of its upper directory, as mappings tell them', () => {
  const mountinfo = `23 1 0:44 / / rw,relatime - overlay mkma rw,lowerdir=1
24 23 0:25 / /run rw,nosuid shared:2 - tmpfs run rw
30 23 0:42 / /overlay ro,nosuid,nodev - tmpfs mkma rw
31 30 259:17 / /overlay/base ro - erofs /mkma/held/base.erofs ro
`;
  assert.deepEqual(ownDevices(mountinfo), new Set(['00:2c', '00:2a']));
});

test('they count as changed from the moment they are saved', () => {
  const entries = tree(entry('a', { ino: '12', changed: '5.0' }), entry('b', { ino: '13', changed: '5.0' }));
  const content = { tree: entries, attributes: [], deletions: [], metadataOnly: [] };
  const { snapshot, entries: saved } = saveSnapshot(content, {
    ...{ layer: 'one', id: 'id', seen: 100, records: { files: {} } },
    unsure: new Set(['12']),
  });
  const below = new LowerView([asLowerLayer(snapshot, saved)]);
  assert.deepEqual([below.at('a')?.changed, below.at('b')?.changed], ['', '5.0']);
});
