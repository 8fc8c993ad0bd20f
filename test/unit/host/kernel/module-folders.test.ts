/** Modules of a kernel put beside what packages of headers, dkms and other kernels have left in the tree. */
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { mergeModules, otherKernels, tidyModules } from '../../../../src/host/kernel/module-folders.js';
import { addedModules, addModules, digestOfAdded } from '../../../../src/host/steps/added-modules.js';
import { dkmsFailure } from '../../../../src/host/tools/dkms.js';
import { problemOf } from '../../problem.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mkma-modules-'));
  mkdirSync(join(folder, 'root/usr/lib'), { recursive: true });
  symlinkSync('usr/lib', join(folder, 'root/lib'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, content = 'x'): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
};
const of = (release: string) => `root/usr/lib/modules/${release}`;

/** What linux-headers-RELEASE puts there. */
function headers(release: string): void {
  write(`root/usr/src/linux-headers-${release}/include/x.h`);
  mkdirSync(join(folder, of(release)), { recursive: true });
  symlinkSync(`../../../src/linux-headers-${release}`, join(folder, of(release), 'build'));
}

test('headers and what dkms has built stay where they are; of two files of a name the kernel has its own', () => {
  headers('6.12');
  write(`${of('6.12')}/updates/dkms/extra.ko`, 'dkms');
  write(`${of('6.12')}/modules.dep`, 'of dkms');
  write('kernel/kernel/fs/ext4.ko', 'ext4');
  write('kernel/modules.dep', 'of the kernel');
  write('kernel/System.map');
  symlinkSync('/home/somebody/linux', join(folder, 'kernel/build'));
  symlinkSync('/home/somebody/linux', join(folder, 'kernel/source'));
  const root = join(folder, 'root');
  mergeModules(join(folder, 'kernel'), root, '6.12');
  tidyModules(root, '6.12');
  assert.deepEqual(readdirSync(join(folder, of('6.12'))).sort(), [
    'build',
    'kernel',
    'modules.dep',
    'updates',
  ]);
  assert.ok(existsSync(join(folder, of('6.12'), 'build/include/x.h')));
  assert.equal(readFileSync(join(folder, of('6.12'), 'modules.dep'), 'utf8'), 'of the kernel');
  assert.deepEqual(addedModules(root, '6.12'), [join(folder, of('6.12'), 'updates/dkms/extra.ko')]);
  const before = digestOfAdded(root, '6.12');
  write(`${of('6.12')}/updates/dkms/extra.ko`, 'another');
  assert.notEqual(digestOfAdded(root, '6.12'), before);
  assert.deepEqual(otherKernels(root, '6.12'), []);
});

test('a kernel alone is moved as it is, and links to headers that are not there go', () => {
  write('kernel/kernel/fs/ext4.ko');
  symlinkSync('/usr/src/linux-headers-6.12', join(folder, 'kernel/build'));
  const root = join(folder, 'root');
  mergeModules(join(folder, 'kernel'), root, '6.12');
  tidyModules(root, '6.12');
  assert.deepEqual(readdirSync(join(folder, of('6.12'))), ['kernel']);
  assert.equal(digestOfAdded(root, '6.12'), '');
});

test('modules of a kernel that is not booted go, with a word; so do headers of another get one', () => {
  write(`${of('6.12')}/kernel/fs/ext4.ko`);
  headers('6.1-rt');
  write(`${of('6.1-rt')}/kernel/fs/ext4.ko`);
  const root = join(folder, 'root');
  const problems = otherKernels(root, '6.12');
  assert.deepEqual(
    problems.map(({ code, suggestion }) => [code, suggestion]),
    [
      ['other-kernel-left-out', 'linux-image-6.1-rt'],
      ['headers-of-another-kernel', 'linux-headers-6.12'],
    ],
  );
  assert.deepEqual(readdirSync(join(folder, of('6.1-rt'))), ['build']);
  assert.ok(lstatSync(join(folder, of('6.12'), 'kernel')).isDirectory());
});

test('a module that was built for another kernel is refused: nothing would load it', async () => {
  write(`${of('6.12')}/kernel/fs/ext4.ko`);
  write(`${of('6.18-host')}/extra/mine.ko`);
  const context = { emit: () => undefined, signal: new AbortController().signal };
  const { where } = problemOf(
    await addModules(join(folder, 'root'), '6.12', context),
    'modules-of-another-kernel',
  );
  assert.equal(where, '/usr/lib/modules/6.18-host/extra/mine.ko');
});

test('what dkms fails with is told by the compiler, without what the bootstrap adds', () => {
  const said = [
    'Building initial module',
    'mkma-dkms-failed hello/1.0 6.12.1-amd64',
    'hello.c:1:2: error: #error no',
    'make: *** Error 2',
    'E: run_chroot failed',
  ].join('\n');
  const { code, what, where, why } = dkmsFailure(said) ?? {};
  assert.deepEqual(
    [code, what, where, why],
    [
      'dkms-build-failed',
      'dkms cannot build hello/1.0',
      'kernel 6.12.1-amd64',
      'hello.c:1:2: error: #error no\nmake: *** Error 2',
    ],
  );
  assert.equal(dkmsFailure('E: something else'), undefined);
});
