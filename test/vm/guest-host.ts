/**
 * A machine that runs mkma as a building host does: what needs device mapper, RAID, FAT or disks of its own is tried there,
 * since not every kernel that tests run on has them. It has no network: boot programs come from the cache that goes along.
 */
import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { BASE_NAMES } from '../../src/core/set/base.js';
import { chooseMirrors, type Mirrors } from '../../src/host/mirror/mirrors.js';
import { PLAIN_REACH } from '../../src/host/mirror/reach.js';
import { SET_FILES } from '../../src/host/set/add-generation.js';
import { fetchedMedium } from '../../src/host/steps/bootstrap/medium.js';
import { waitLock } from '../../src/host/sys/lock.js';
import { repository } from '../cli/cli.js';
import { blank, tool } from './disk.js';
import { builtImages, imagesFolder, mkma, type Outcome, Vm } from './harness.js';
import { runScript } from './script.js';

/** What a host has that handles disks of all kinds; programs of lvm2 and mdadm come with their udev rules. */
const DEFINITION = {
  extends: ['console'],
  hostname: 'host',
  format: 'erofs',
  compressionLevel: 1,
  packages: [
    ...['nodejs', 'zstd', 'attr', 'mmdebstrap'],
    ...['lvm2', 'mdadm', 'cryptsetup-bin', 'dmsetup', 'dosfstools', 'fdisk', 'e2fsprogs', 'util-linux-extra'],
    ...['grub2-common', 'grub-pc-bin', 'grub-efi-amd64-bin', 'systemd-boot-efi'],
  ],
  initramfs: { storage: ['luks', 'lvm'] },
};

/** Where the machine has it all: its disk is mounted on /srv. */
export const GUEST = { images: '/srv/images', cache: '/srv/cache' } as const;

/** Label of the disk with mkma on it. */
const LABEL = 'mkma-host';
/** Bytes free on it, for what mkma unpacks and makes. */
const ROOM = 1024 * 2 ** 20;
/** MiB of RAM: the base, unpacked tools, and Node.js. */
const MEMORY = 3072;
const CACHE = '/var/cache/mkma';

/** The folder with its images, which are built where they are missing or out of date. */
export async function hostImages(): Promise<string> {
  const folder = join(dirname(builtImages()), 'guest-host');
  mkdirSync(folder, { recursive: true });
  const lock = await waitLock(join(folder, '.test-lock'), new AbortController().signal, () => undefined);
  assert.ok(lock.ok, JSON.stringify(lock));
  using _held = lock.value;
  const config = join(folder, 'machine.json');
  writeFileSync(config, JSON.stringify(DEFINITION));
  const built = await mkma('build', '--config', config, '--output', folder);
  assert.equal(built.exitCode, 0, built.stderr);
  return folder;
}

/** Its own copy of them, by hard links: one machine at a time runs from a folder. */
async function ownHostImages(): Promise<string> {
  const built = await hostImages();
  const folder = mkdtempSync(join(imagesFolder(), 'host-'));
  const base = BASE_NAMES.find((name) => existsSync(join(built, name)));
  assert.ok(base, `${built} has no base`);
  for (const name of [base, 'initramfs.cpio.zst', 'vmlinuz', 'cmdline'])
    linkSync(join(built, name), join(folder, name));
  return folder;
}

/** The entry of the cache with boot programs, which the first run on this host fetches. */
async function bootPrograms(mirrors: Mirrors): Promise<string> {
  const settings = { mirrors, reach: PLAIN_REACH, refresh: false, architecture: 'amd64', suite: 'trixie' };
  const find = () => fetchedMedium({ ...settings, cache: CACHE }, CACHE)?.path;
  const known = find();
  if (known !== undefined) return known;
  const medium = join(imagesFolder(), 'fetched.raw');
  const made = await mkma('install', medium, '--output', builtImages(), '--cache', CACHE);
  rmSync(medium, { force: true });
  assert.equal(made.exitCode, 0, made.stderr);
  const fetched = find();
  assert.ok(fetched, 'mkma install has left no boot programs in the cache');
  return fetched;
}

function copyTree(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  tool('cp', '--archive', from, to);
}

/** The sources of a host with the same mirrors: entries of the cache are named after them. */
function sourcesOf({ main, security }: Mirrors): string {
  return `deb ${main} trixie main\ndeb ${security} trixie-security main\n`;
}

/** The disk with mkma as it is installed, sets of images by their folders, and the cache; a raw file. */
async function makeHostDisk(sets: Readonly<Record<string, string>>): Promise<string> {
  const mirrors = chooseMirrors(undefined);
  assert.ok(mirrors.ok, JSON.stringify(mirrors));
  const folder = mkdtempSync(join(imagesFolder(), 'host-disk-'));
  const tree = join(folder, 'tree');
  for (const path of ['package.json', 'dist/host', 'dist/guest', 'presets', 'node_modules/jiti'])
    copyTree(join(repository, path), join(tree, 'mkma', path));
  const entry = await bootPrograms(mirrors.value);
  copyTree(entry, join(tree, relative('/srv', GUEST.cache), 'stages', basename(entry)));
  for (const [path, images] of Object.entries(sets)) {
    for (const name of [...SET_FILES, 'cmdline'].filter((one) => existsSync(join(images, one))))
      copyTree(join(images, name), join(tree, relative('/srv', path), name));
  }
  writeFileSync(join(tree, 'mirrors.list'), sourcesOf(mirrors.value));
  const bytes = Number(tool('du', '--summarize', '--bytes', tree).split('\t')[0]);
  const file = blank(`${basename(folder)}.raw`, Math.ceil((bytes + ROOM) / 2 ** 20) * 2 ** 20);
  tool('mke2fs', '-q', '-t', 'ext4', '-L', LABEL, '-E', 'root_owner=0:0', '-d', tree, file);
  rmSync(tree, { recursive: true });
  return file;
}

export interface GuestHostOptions {
  /** Raw disks, such as `blank()` of disk.ts makes; `FILE:ro`: read-only. */
  readonly disks?: readonly string[];
  /** Folder with the set that lies in {@link GUEST}.images; by default the images under test. */
  readonly images?: string;
  /** Folders with further sets, by where they lie below /srv. */
  readonly sets?: Readonly<Record<string, string>>;
  /** Further kernel parameters; not with `--firmware`, where the boot loader has them. */
  readonly append?: string;
  /** Further arguments of `mkma run`; after `--disk` the machine boots from that instead of a disk of its own. */
  readonly args?: readonly string[];
}

/** The machine, logged in as root, where `mkma` is the host's program. */
export class GuestHost implements AsyncDisposable {
  private constructor(
    readonly vm: Vm,
    /** Nodes of the disks, in their order. */
    readonly disks: readonly string[],
  ) {}

  /** Boots it, with the host's disk and the given ones. */
  static async start(options: GuestHostOptions = {}): Promise<GuestHost> {
    const { disks = [], images = imagesFolder(), sets = {}, append = '', args = [] } = options;
    const own = await makeHostDisk({ [GUEST.images]: images, ...sets });
    const data = [own, ...disks].flatMap((file) => ['--data-disk', file]);
    const machine = { images: await ownHostImages(), args: ['--memory', `${MEMORY}`, ...data, ...args] };
    const vm = await Vm.login(append, machine);
    try {
      return new GuestHost(vm, await prepare(vm, disks.length));
    } catch (cause) {
      await vm[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Runs `mkma` there, as root; its words are one shell command. */
  mkma(words: string, seconds = 400): Promise<Outcome> {
    return this.vm.sh(`mkma ${words} </dev/null`, seconds);
  }

  /** Runs a shell script of any length there; fails if it does. Returns what it printed. */
  async script(text: string, seconds = 400): Promise<string> {
    const { output, exitCode } = await runScript(this.vm, `set -eu\n${text}`, seconds);
    assert.equal(exitCode, 0, `a script failed inside the machine:\n${output}\n${text}`);
    return output;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.vm[Symbol.asyncDispose]();
  }
}

/** Makes mkma callable; returns the nodes of the `count` disks beside the two of the host. */
async function prepare(vm: Vm, count: number): Promise<string[]> {
  await vm.ask(`mkdir -p /srv ${CACHE} && mount LABEL=${LABEL} /srv && mount --bind ${GUEST.cache} ${CACHE}`);
  await vm.ask('rm -f /etc/apt/sources.list.d/*; cp /srv/mirrors.list /etc/apt/sources.list');
  await vm.ask('ln -sf /srv/mkma/dist/host/mkma /usr/local/bin/mkma; hash -r');
  const own = await vm.ask(`blkid -o device -t LABEL=${LABEL}`);
  const nodes = (await vm.ask('ls /dev/vd?')).split(/\s+/);
  // The host's images come first, then its disk, as they are named on QEMU's command line.
  const others = nodes.slice(nodes.indexOf(own) + 1);
  assert.equal(others.length, count, nodes.join(' '));
  return others;
}
