import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { largestPackages } from '../../../../src/host/pack/package-sizes.js';
import { removeTree } from '../../../../src/host/sys/remove.js';

test('what is packed, by package: merged folders, hard links, modules and the rest', () => {
  const root = mkdtempSync(join(tmpdir(), 'mkma-sizes-'));
  try {
    const info = join(root, 'var/lib/dpkg/info');
    mkdirSync(info, { recursive: true });
    mkdirSync(join(root, 'usr/lib'), { recursive: true });
    symlinkSync('usr/lib', join(root, 'lib'));
    writeFileSync(join(info, 'libc6:amd64.list'), '/.\n/lib\n/lib/libc.so\n/usr\n/usr/share/gone\n');
    writeFileSync(join(info, 'perl-base.list'), '/.\n/usr\n/usr/bin/perl\n/usr/bin/perl5\n');
    const file = (path: string, size: number, more = {}) =>
      ({ path, size, type: 'f', nlink: 1, ino: path, fileSystem: '1', ...more }) as const;
    const links = { nlink: 2, ino: '7' };
    const packed = [
      file('usr/lib/libc.so', 100),
      file('usr/bin/perl', 40, links),
      file('usr/bin/perl5', 40, links),
      file('usr/lib/modules/6.12/kernel/loop.ko', 30),
      file('etc/motd', 5),
      { ...file('usr/lib', 4096), type: 'd' as const },
    ];
    assert.deepEqual(largestPackages(root, packed), [
      { name: 'libc6', bytes: 100 },
      { name: 'perl-base', bytes: 40 },
      { name: 'kernel modules', bytes: 30 },
      { name: 'files of no package', bytes: 5 },
    ]);
    assert.deepEqual(largestPackages(root, packed, 1), [{ name: 'libc6', bytes: 100 }]);
  } finally {
    removeTree(root);
  }
});
