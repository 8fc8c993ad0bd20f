/** dpkg of the built system, on trees that a test machine has. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestMachine } from '../persist/machine.js';
import { type COMMON, generate, type Name } from './generate.js';

/** Generated packages, and dpkg to install them. `root`: as the machine sees it, such as `/merged`. */
export class Installer {
  /** Folder with the packages' files, as the test sees it. */
  readonly debs: string;
  private readonly file: ReturnType<typeof generate>;

  constructor(private readonly machine: TestMachine) {
    this.debs = join(machine.root, 'tmp/debs');
    mkdirSync(this.debs);
    this.file = generate(this.debs);
  }

  /** The path of a package's file, as dpkg sees it. */
  deb(name: Name | typeof COMMON, version: number): string {
    return `/tmp/debs/${this.file(name, version).split('/').at(-1)}`;
  }

  dpkg(root: string, ...args: string[]): string {
    const argv = [
      ...[this.machine.root, 'dpkg', `--root=${root}`],
      ...['--force-script-chrootless', '--force-confdef', '--force-depends', ...args],
    ];
    const { status, stdout, stderr } = spawnSync('/usr/sbin/chroot', argv, {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' },
    });
    assert.equal(status, 0, `${args.join(' ')}\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  install(root: string, ...all: (readonly [Name | typeof COMMON, number])[]): string {
    return this.dpkg(root, '--install', ...all.map(([name, version]) => this.deb(name, version)));
  }

  purge(root: string, ...names: Name[]): string {
    return this.dpkg(root, '--purge', ...names);
  }

  /** What is installed of the generated packages, as `NAME VERSION`, sorted. */
  installed(root: string): string[] {
    return this.dpkg(root, '--list')
      .split('\n')
      .flatMap((line) => /^ii +(gen-[a-f]) +(\d)/.exec(line)?.slice(1).join(' ') ?? [])
      .sort();
  }
}
