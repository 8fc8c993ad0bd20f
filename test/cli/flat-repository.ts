/** A flat apt repository of somebody else's, signed by a key of its own: as openSUSE's build service makes them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface FlatOptions {
  /** Folder that is served, made where it is not there. */
  readonly folder: string;
  /** Package files that it offers. */
  readonly debs: readonly string[];
  /** When the key was made and for how long it is valid, as gpg takes them; none: now, for ever. */
  readonly key?: { readonly made: string; readonly valid: string };
}

/**
 * Make it: `Packages`, `Release`, `InRelease`, and the key as `Release.key`, behind another key that signs nothing. Gives the
 * fingerprint.
 */
export function makeFlatRepository({ folder, debs, key }: FlatOptions): string {
  const home = mkdtempSync(join(tmpdir(), 'mkma-flat-'));
  const gpg = (...args: string[]): Buffer => {
    const time = key === undefined ? [] : ['--faked-system-time', key.made];
    return execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--yes', ...time, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  try {
    for (const user of ['other', 'flat'])
      gpg('--passphrase', '', '--quick-generate-key', user, 'ed25519', 'sign', key?.valid ?? 'never');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'Packages'), debs.map((deb) => stanzaOf(deb, folder)).join('\n'));
    writeFileSync(join(folder, 'Release'), releaseOf(folder));
    gpg(
      '--local-user',
      'flat',
      '--clearsign',
      '--output',
      join(folder, 'InRelease'),
      join(folder, 'Release'),
    );
    writeFileSync(join(folder, 'Release.key'), gpg('--armor', '--export'));
    const listed = gpg('--with-colons', '--list-keys', 'flat').toString();
    return /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? '';
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
}

/** A package's entry of `Packages`; the file is put beside that. */
function stanzaOf(deb: string, folder: string): string {
  const bytes = readFileSync(deb);
  writeFileSync(join(folder, basename(deb)), bytes);
  const control = execFileSync('dpkg-deb', ['--field', deb]).toString().trimEnd();
  return `${control}\nFilename: ./${basename(deb)}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`;
}

function releaseOf(folder: string): string {
  const index = readFileSync(join(folder, 'Packages'));
  const date = new Date().toUTCString().replace('GMT', 'UTC');
  return `Origin: flat\nLabel: flat\nDate: ${date}\nSHA256:\n ${sha256(index)} ${index.length} Packages\n`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Build a package file in `folder` out of a tree of files, by their paths; those in `bin` folders can be run. */
export function makeDeb(
  folder: string,
  control: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): string {
  const { Package: name = '', Version: version = '1.0' } = control;
  const tree = mkdtempSync(join(folder, `${name}-`));
  const fields = {
    Version: version,
    Architecture: 'all',
    Maintainer: 'mkma <mkma@mkma.invalid>',
    ...control,
  };
  const text = Object.entries({ ...fields, Description: 'test' }).map(
    ([field, value]) => `${field}: ${value}\n`,
  );
  for (const [path, content] of Object.entries({ 'DEBIAN/control': text.join(''), ...files })) {
    const file = join(tree, path);
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o755 });
    writeFileSync(file, content, { mode: path.includes('bin/') ? 0o755 : 0o644 });
  }
  const deb = join(folder, `${name}_${version}_all.deb`);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', tree, deb], { stdio: 'pipe' });
  rmSync(tree, { recursive: true, force: true });
  return deb;
}
