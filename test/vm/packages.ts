/** Small packages and a signed repository, made here: so that tests need no others. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Make FOLDER/NAME.deb, whose program of the same name prints its name. */
export function makeDeb(folder: string, name: string, depends: readonly string[] = []): void {
  const tree = join(folder, `${name}.tree`);
  for (const path of ['DEBIAN', 'usr/bin']) mkdirSync(join(tree, path), { recursive: true });
  const lines = [
    ...[`Package: ${name}`, 'Version: 1.0', 'Architecture: all', 'Maintainer: x <x@example.org>'],
    ...(depends.length === 0 ? [] : [`Depends: ${depends.join(', ')}`]),
    'Description: of a test',
  ];
  writeFileSync(join(tree, 'DEBIAN/control'), `${lines.join('\n')}\n`);
  writeFileSync(join(tree, 'usr/bin', name), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, join(folder, `${name}.deb`)]);
  rmSync(tree, { recursive: true });
}

/** Make a flat repository with one package, signed by a key of its own, whose public part goes into the file `key`: .asc armoured, .gpg not. */
export function localRepository(folder: string, name: string, key: string): void {
  mkdirSync(folder);
  makeDeb(folder, name);
  const home = mkdtempSync(join(tmpdir(), 'mkma-gpg-'));
  try {
    const gpg = (...args: string[]): Buffer =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--yes', ...args]);
    gpg('--passphrase', '', '--quick-generate-key', 'test <test@example.org>', 'ed25519', 'sign', 'never');
    gpg(...(key.endsWith('.asc') ? ['--armor'] : []), '--output', key, '--export');
    const sh = (command: string): Buffer => execFileSync('sh', ['-c', command], { cwd: folder });
    const hash = (kind: string, path: string): string =>
      sh(`${kind} < ${path} | cut -d' ' -f1`).toString().trim();
    const control = sh(`dpkg-deb --field ${name}.deb`).toString().trimEnd();
    const size = readFileSync(join(folder, `${name}.deb`)).length;
    const entry = `Filename: ./${name}.deb\nSize: ${size}\nSHA256: ${hash('sha256sum', `${name}.deb`)}\n`;
    writeFileSync(join(folder, 'Packages'), `${control}\n${entry}`);
    const listed = readFileSync(join(folder, 'Packages')).length;
    writeFileSync(
      join(folder, 'Release'),
      `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}\nSHA256:\n ${hash('sha256sum', 'Packages')} ${listed} Packages\n`,
    );
    gpg('--clearsign', '--output', join(folder, 'InRelease'), join(folder, 'Release'));
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
}
