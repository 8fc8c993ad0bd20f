/** Where images lie, as programs tell of it: one that fails says nothing of the device. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findEsp } from '../../../../src/host/boot-entry/find.js';
import { locate } from '../../../../src/host/boot-entry/placement.js';
import { problemOf } from '../../problem.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-programs-'));
const path = process.env.PATH ?? '';
after(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});
// What starts programs is looked for by the same path.
for (const name of ['sh', 'setpriv', 'cat']) {
  const real = ['/usr/bin', '/bin'].map((at) => join(at, name));
  symlinkSync(real[0] as string, join(folder, name));
}

/** What lsblk prints of one device. */
const lsblkOf = (node: object): string => `echo '${JSON.stringify({ blockdevices: [node] })}'`;
const PART = lsblkOf({ path: '/dev/sda2', type: 'part' });

/** Let programs be these shell scripts; those of no script are missing. */
function programs(scripts: Readonly<Record<string, string>>): void {
  for (const name of ['findmnt', 'lsblk', 'blkid']) rmSync(join(folder, name), { force: true });
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  process.env.PATH = folder;
}

const MOUNT = { source: '/dev/sda2', target: '/', fstype: 'ext4', fsroot: '/', uuid: null };
const findmnt = `echo '${JSON.stringify({ filesystems: [MOUNT] })}'`;

async function why(scripts: Readonly<Record<string, string>>): Promise<string> {
  programs(scripts);
  const found = await locate('/img');
  assert.ok(found.ok);
  return found.value.bootable ? `boots from ${found.value.device}` : (found.value.problem.why ?? '');
}

test('lsblk and blkid that find nothing are answers', async () => {
  assert.equal(await why({ findmnt, lsblk: 'exit 32', blkid: 'exit 2' }), 'boots from /dev/sda2');
  assert.equal(await why({ findmnt, lsblk: PART, blkid: 'echo UUID=12-34' }), 'boots from UUID=12-34');
  assert.match(
    await why({
      findmnt,
      lsblk: lsblkOf({ path: '/dev/mapper/x', type: 'crypt' }),
      blkid: 'echo UUID=12-34',
    }),
    /is built on crypt/,
  );
});

test('those that fail for another reason, or are missing, are not', async () => {
  const blkid = 'echo UUID=12-34';
  assert.match(
    await why({ findmnt, lsblk: 'echo no sysfs >&2; exit 1', blkid }),
    /cannot determine what .* is built on: .*no sysfs/,
  );
  assert.match(await why({ findmnt, blkid }), /cannot determine what .* is built on: cannot find lsblk/);
  assert.match(await why({ findmnt, lsblk: PART, blkid: 'exit 4' }), /cannot determine the UUID of /);
  programs({});
  problemOf(await locate('/img'), 'program-missing');
  programs({ findmnt: 'exit 1' });
  assert.ok((await locate('/img')).ok);
});

test('a file system that cannot be told is not taken for none of FAT', async () => {
  programs({ findmnt: 'echo broken >&2; exit 2' });
  mkdirSync(join(folder, 'loader/entries'), { recursive: true });
  problemOf(await findEsp(folder, new AbortController().signal), 'program-failed');
});
