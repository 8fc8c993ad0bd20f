/**
 * Machines that were booted once to their shell and saved: a test that is not about booting goes on from there, in seconds. Each
 * has the machine, and the disk it was booted from as it was at that moment, on an overlay of its own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { BASE_NAMES } from '../../src/core/set/base.js';
import { readImage } from '../../src/host/set/images.js';
import { waitLock } from '../../src/host/sys/lock.js';
import { tool } from './disk.js';
import { FAST } from './fast.js';
import { builtImages, imagesFolder, MAIN, Vm } from './harness.js';
import { seenByGuest } from './seen-by-guest.js';

/** Raised whenever the same machine shall be saved in another state. */
const RECIPE = '1';
/** A clock that jumps by days when a machine goes on would start what is done daily. */
const OLDEST_MS = 12 * 3_600_000;
/** Seconds for reading a machine's memory, on a busy host. */
const RESUME_SECONDS = 120;

/** Files of a saved machine. */
export const MEMORY = 'memory.zst';
const DISK = 'disk.img';
/** Bytes of the disk: room for the base, and for what tests save. */
const DISK_BYTES = 768 * 2 ** 20;

/** A machine that goes on, and its disk. */
export interface Resumed {
  readonly vm: Vm;
  /** The disk, on an overlay of this machine's own (qcow2): a later boot of it is {@link bootAgain}. */
  readonly disk: string;
}

export interface SavedOptions {
  /** Further words for the kernel command line. */
  readonly append?: string;
  /** Further arguments of `mkma run`, such as a network. */
  readonly args?: readonly string[];
  /** Folder with other images than those under test, on their file system. */
  readonly images?: string;
  /** Boots the machine from a disk to a shell that answers; by default the login on the console. */
  readonly login?: (vm: Vm) => Promise<void>;
}

/** A machine logged in on its console, with the images in the folder /images of the file system called `layers`. */
export async function resume(options: SavedOptions = {}): Promise<Resumed> {
  for (let again = true; ; again = false) {
    const saved = await savedMachine(options);
    const disk = overlayOf(join(saved, DISK));
    const memory = ` -incoming ${quote(`exec:zstd -dcq ${quote(join(saved, MEMORY))}`)}`;
    const vm = Vm.onTerminal((await commandOf(options, disk, 'qcow2')) + memory);
    try {
      await vm.expectShell(RESUME_SECONDS);
      await wake(vm);
      return { vm, disk };
    } catch (cause) {
      await vm[Symbol.asyncDispose]();
      // A file that QEMU cannot read, for whatever reason, is made anew once.
      if (!again) throw cause;
      rmSync(saved, { recursive: true, force: true });
    }
  }
}

/** Boot a machine of {@link resume} once more, from its disk as it is by now, and wait for its shell. */
export async function bootAgain(disk: string, options: SavedOptions = {}): Promise<Vm> {
  const vm = Vm.onTerminal(await commandOf(options, disk, 'qcow2'));
  await (options.login ?? ((machine: Vm) => machine.expectLogin()))(vm);
  return vm;
}

/**
 * What a machine cannot know that slept: other random numbers than those of its siblings, and the time. The ioctl has the
 * kernel's generator take what was written before (RNDRESEEDCRNG, 0x5207: random(4), include/uapi/linux/random.h).
 */
async function wake(vm: Vm): Promise<void> {
  await vm.ask(`printf ${randomBytes(32).toString('hex')} >/dev/urandom`);
  await vm.ask(`perl -e 'open(my $f, ">", "/dev/urandom") or die $!; ioctl($f, 0x5207, 0) or die $!'`);
  await vm.ask(`date --set=@${Math.floor(Date.now() / 1000)} >/dev/null`);
}

/** The folder of the saved machine, which is made where it is missing or too old. */
export async function savedMachine(options: SavedOptions): Promise<string> {
  const images = options.images ?? builtImages();
  const machines = join(dirname(builtImages()), 'machines');
  mkdirSync(machines, { recursive: true });
  const folder = join(machines, await keyOf(images, options));
  const lock = await waitLock(`${folder}.lock`, new AbortController().signal, () => undefined);
  assert.ok(lock.ok, JSON.stringify(lock));
  using _held = lock.value;
  const made = statSync(join(folder, MEMORY), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Date.now() - made > OLDEST_MS) {
    removeOld(machines);
    rmSync(folder, { recursive: true, force: true });
    await save(options, folder, machines);
  }
  return folder;
}

/** Machines that nobody can go on with any more. */
function removeOld(machines: string): void {
  for (const name of readdirSync(machines)) {
    const path = join(machines, name);
    if (Date.now() - statSync(path).mtimeMs > OLDEST_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** Names everything that the machine depends on: QEMU, what of its command line the guest can see, the images. */
async function keyOf(images: string, options: SavedOptions): Promise<string> {
  const version = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' });
  const seen = seenByGuest(await commandOf(options, '/disk', 'raw'), images);
  const base = readImage(join(images, baseIn(images)));
  assert.ok(base.ok && base.value.manifest, `${images} has no base with a manifest`);
  const hash = createHash('sha256');
  for (const text of [RECIPE, version, seen, base.value.manifest.id]) hash.update(`${text}\0`);
  for (const name of ['vmlinuz', 'initramfs.cpio.zst']) hash.update(readFileSync(join(images, name)));
  if (seen.includes('-accel kvm')) hash.update(readFileSync('/proc/cpuinfo', 'utf8').split('\n\n')[0] ?? '');
  return hash.digest('hex').slice(0, 16);
}

/** Boot the machine to its shell and save it. */
async function save(options: SavedOptions, folder: string, machines: string): Promise<void> {
  const part = mkdtempSync(join(machines, 'part-'));
  try {
    makeDisk(options.images ?? builtImages(), part);
    const command = await commandOf(options, join(part, DISK), 'raw');
    await using vm = Vm.onTerminal(command);
    await (options.login ?? ((machine: Vm) => machine.expectLogin()))(vm);
    // Nothing is under way that a test would find half done, and nothing of the host is mounted.
    await vm.sh('systemctl is-system-running --wait');
    assert.equal(await vm.ask('grep -c -e ^/dev/ -e 9p -e virtiofs /proc/mounts || :'), '0');
    await vm.ask('sync');
    await vm.freeze(join(part, MEMORY));
    renameSync(part, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** A disk with nothing but the base on it. */
function makeDisk(images: string, folder: string): void {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'images'), { recursive: true });
  linkSync(join(images, baseIn(images)), join(tree, 'images', baseIn(images)));
  const file = join(folder, DISK);
  writeFileSync(file, '');
  truncateSync(file, DISK_BYTES);
  tool('mke2fs', '-q', '-t', 'ext4', '-L', 'layers', '-d', tree, file);
  rmSync(tree, { recursive: true });
}

function baseIn(images: string): string {
  const name = BASE_NAMES.find((one) => existsSync(join(images, one)));
  assert.ok(name, `${images} has no base`);
  return name;
}

/** The command of `mkma run` for this machine, its terminal and monitor on the standard streams. */
async function commandOf(options: SavedOptions, disk: string, format: 'raw' | 'qcow2'): Promise<string> {
  const images = options.images ?? builtImages();
  const append = `mkma_storage_device=LABEL=layers mkma_images_path=/images ${options.append ?? ''} ${FAST}`;
  const words = ['run', '--dry-run', '--json', '--output', images, '--disk', '/dev/null', '--append', append];
  const told = execFileSync(process.execPath, [MAIN, ...words, ...(options.args ?? [])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { command } = JSON.parse(told) as { command: string };
  const drive = 'format=raw,file=/dev/null';
  assert.ok(command.includes(drive), command);
  return `exec ${command.replace(drive, `format=${format},file=${disk}`)} -serial mon:stdio`;
}

function overlayOf(disk: string): string {
  const file = join(mkdtempSync(join(imagesFolder(), 'resumed-')), 'disk.qcow2');
  tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', disk, '-F', 'raw', file);
  return file;
}

/** One word of a shell's command line. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
