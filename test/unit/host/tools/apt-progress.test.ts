import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AptLines, isAptStatus } from '../../../../src/host/tools/apt-progress.js';

/** Lines of a bootstrap with mmdebstrap 1.3.5 and apt 2.6, abridged. */
const PRINTED = `I: running --setup-hook in shell: sh -c 'set -e
Get:1 http://mirror.example/debian trixie InRelease [140 kB]
Get:4 http://mirror.example/debian trixie/main amd64 Packages [9679 kB]
Fetched 10.2 MB in 2s (4554 kB/s)
The following NEW packages will be installed:
dlstatus:1:0.0000:Retrieving file 1 of 2
0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.
Need to get 1,500 kB/34.7 MB of archives.
Get:1 http://mirror.example/debian trixie/main amd64 libc6 amd64 2.41-12 [88.3 kB]
dlstatus:2:8.5401:Retrieving file 2 of 2
Get:2 http://mirror.example/debian trixie/main amd64 bash amd64 5.2.37-2+b10 [1501 kB]
I: downloading packages with apt...
0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.
Need to get 0 B/25.4 MB of archives.
I: extracting archives...
I: installing essential packages...
Selecting previously unselected package libc6:amd64.
Unpacking libc6:amd64 (2.41-12) ...
Setting up libc6:amd64 (2.41-12) ...
Processing triggers for libc-bin (2.41-12+deb13u5) ...
I: installing remaining packages inside the chroot...
Unpacking bash (5.2.37-2+b10) ...
Setting up bash (5.2.37-2+b10) ...
Processing triggers for libc-bin (2.41-12+deb13u5) ...
I: running --customize-hook in shell: sh -c 'chroot' exec /tmp/x
I: cleaning package lists and apt cache...
I: creating tarball...`;

test('the output of a bootstrap as steps and progress', () => {
  const lines = new AptLines();
  const read = PRINTED.split('\n').flatMap((line) => lines.read(line));
  assert.deepEqual(read, [
    { type: 'progress', done: 1, item: 'trixie InRelease' },
    { type: 'progress', done: 4, item: 'trixie/main Packages' },
    { type: 'phase', name: 'downloading' },
    { type: 'downloads', fetched: 1_500_000, reused: 33_200_000 },
    { type: 'progress', done: 1, item: 'libc6' },
    { type: 'progress', done: 2, total: 2, item: 'bash' },
    { type: 'phase', name: 'unpacking' },
    { type: 'phase', name: 'installing' },
    { type: 'progress', done: 0, total: 2, item: 'libc6' },
    { type: 'progress', done: 1, total: 2, item: 'libc6' },
    { type: 'progress', done: 1, total: 2, item: 'bash' },
    { type: 'progress', done: 2, total: 2, item: 'bash' },
    { type: 'phase', name: 'triggers' },
    { type: 'phase', name: 'finishing' },
    { type: 'phase', name: 'packing the tree' },
  ]);
});

test('packages that a hook adds count as well', () => {
  const lines = new AptLines();
  lines.read('0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.');
  lines.read('I: installing remaining packages inside the chroot...');
  for (const line of ['Unpacking one (1) ...', 'Setting up one (1) ...', 'Unpacking two:all (1:2) ...'])
    lines.read(line);
  assert.deepEqual(lines.read('Setting up two:all (1:2) ...'), [
    { type: 'progress', done: 2, total: 2, item: 'two' },
  ]);
});

test('what is for programs alone', () => {
  assert.equal(isAptStatus('dlstatus:1:0.0000:Retrieving file 1 of 2'), true);
  assert.equal(isAptStatus('Get:1 http://mirror.example/debian trixie InRelease [140 kB]'), false);
});
