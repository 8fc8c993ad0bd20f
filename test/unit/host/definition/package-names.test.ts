import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineSchema } from '../../../../src/host/definition/machine.js';
import {
  foreignArchitectures,
  packageNameOf,
  wrongPackage,
} from '../../../../src/host/definition/package-names.js';

test('entries of packages: what apt takes for one package is accepted', () => {
  const good = [
    'nginx',
    'g++',
    'libc6:i386',
    'nginx=1.26.3-3+deb13u1',
    'nginx=1:1.*',
    'linux-image-amd64/sid',
  ];
  for (const entry of [...good, 'libc6:i386=2.41-12', './tool.deb', 'python3.13']) {
    assert.equal(wrongPackage(entry), undefined, entry);
  }
  assert.equal(packageNameOf('libc6:i386=2.41-12'), 'libc6');
  assert.deepEqual(foreignArchitectures(['a', 'b:i386', 'c:amd64', 'd:arm64=1', 'e:i386'], 'amd64'), [
    'i386',
    'arm64',
  ]);
});

test('entries of packages that a tool would refuse, or take for something else, are refused with what was meant', () => {
  const wrong: [string, string, string | undefined][] = [
    ['libc6:i368', 'package-architecture', 'libc6:i386'],
    ['libc6:sparc99=2', 'package-architecture', 'libc6:sparc64=2'],
    ['tzdata:all', 'package-architecture', 'tzdata'],
    ['nginx:any', 'package-architecture', 'nginx'],
    // apt would remove it, and succeed.
    ['vim-', 'package-removed', 'vim'],
    ['Nginx', 'package-name', 'nginx'],
    [' nginx', 'package-name', 'nginx'],
    ['nginx vim', 'package-name', undefined],
    ['nginx,vim', 'package-name', undefined],
    ['linux.*', 'package-name', undefined],
    ['^python3$', 'package-name', undefined],
    ['~nfirefox', 'package-name', undefined],
    ['nginx=', 'package-name', undefined],
    ['nginx/', 'package-name', undefined],
    ['nginx=1 2', 'package-name', undefined],
    ['libc6:', 'package-architecture', undefined],
    ['x', 'package-name', undefined],
    ['', 'package-name', undefined],
    ['tool.deb', 'package-name', './tool.deb'],
  ];
  for (const [entry, code, suggestion] of wrong) {
    const found = wrongPackage(entry);
    assert.deepEqual([entry, found?.code ?? '', found?.suggestion], [entry, code, suggestion]);
  }
});

test('other fields that name packages refuse what apt would remove', () => {
  for (const fields of [
    { excludePackages: ['vim-'] },
    { firmware: ['firmware-iwlwifi-'] },
    { kernel: { from: 'debian', package: 'linux-image-' } },
  ]) {
    assert.ok(!machineSchema.safeParse({ hostname: 'x', ...fields }).success, JSON.stringify(fields));
  }
});
