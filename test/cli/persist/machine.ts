/**
 * A machine on this kernel: an overlay on a RAM file system, as early boot stacks it, with mkma's own programs in the built
 * tree under real QuickJS, and its storage on a loop device. To be used in a mount namespace of its own.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BootRecord } from '../../../src/core/boot/record.js';
import type { DerivedMark } from '../../../src/core/derived/mark.js';
import { BASE, imageFile } from '../../unit/core/sample.js';

/** Bytes of RAM that the base takes, as its manifest says. */
const BASE_BYTES = 2 ** 20;

/** What a program came to. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of the folder $0 to the folder $1. */
const COPY_ATTRIBUTES =
  'cd "$0" && getfattr --dump --match=- --encoding=base64 . | (cd "$1" && setfattr --restore=-)';

/** The folder $0 becomes the root, as it is in early boot: user namespaces cannot be created in a chroot. */
const LOAD =
  'ulimit -Sn 256; cd "$0" && mkdir -p old && pivot_root . old && umount -l /old && exec /bin/qjs -m /mkma/load.js';

export interface MachineOptions {
  /** Folder with built images. */
  readonly images: string;
  /** The compiled repository. */
  readonly dist: string;
  /** An empty folder. */
  readonly scratch: string;
  /** Bytes of the storage device. */
  readonly storageBytes?: number;
  /** Makes its file system; `mke2fs` unless told. */
  readonly mkfs?: readonly string[];
  readonly type?: string;
  /** What the storage device is made over, given the file with its file system; that file unless told. */
  readonly over?: (file: string) => string;
  /** Bytes of the RAM file system, as the record tells them. */
  readonly ramBytes?: number;
}

function tool(file: string, ...args: string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What early boot says of the layers. */
interface Loaded extends Pick<BootRecord, 'images' | 'leftOut'> {
  readonly seconds: number;
  /** Files that were composed of several layers. */
  readonly composed: readonly string[];
  readonly derived?: DerivedMark;
}

export class TestMachine {
  /** The root in which programs run. */
  readonly root: string;
  /** What would be `/` on a booted machine. */
  readonly merged: string;
  private readonly ram: string;
  private readonly early: string;
  private readonly file: string;
  /** Where layers are mounted that are file systems. */
  private readonly held: string[] = [];
  readonly loop: string;
  private builds = 0;

  constructor(private readonly options: MachineOptions) {
    const { images, dist, scratch } = options;
    this.ram = join(scratch, 'ram');
    this.root = join(scratch, 'root');
    this.early = join(scratch, 'early');
    for (const folder of [this.ram, this.root, this.early]) mkdirSync(folder);
    tool('mount', '-t', 'tmpfs', '-o', 'size=4g,nr_inodes=2m', 'ram', this.ram);
    for (const name of ['view', 'view/layers', 'view/base', 'tree', 'tree-work', 'lower']) {
      mkdirSync(join(this.ram, name));
    }
    this.merged = join(this.root, 'merged');
    const tree = `lowerdir=${join(images, 'chroot')},upperdir=${this.ram}/tree,workdir=${this.ram}/tree-work`;
    tool('mount', '-t', 'overlay', '-o', tree, 'tree', this.root);
    for (const name of ['mkma.js', 'pack.js', 'start.js', 'still.js', 'persist.rules'])
      cpSync(join(dist, 'guest', name), join(this.root, 'usr/lib/mkma', name));
    cpSync(join(dist, 'guest/mkma.sh'), join(this.root, 'usr/lib/mkma/mkma'));
    chmodSync(join(this.root, 'usr/lib/mkma/mkma'), 0o755);
    for (const name of ['overlay', 'merged']) mkdirSync(join(this.root, name), { recursive: true });
    tool('mount', '--bind', join(this.ram, 'view'), join(this.root, 'overlay'));
    tool('mount', '-t', 'proc', 'proc', join(this.root, 'proc'));
    tool('mount', '--rbind', '/dev', join(this.root, 'dev'));
    tool('mount', '-t', 'tmpfs', 'run', join(this.root, 'run'));
    tool('mount', '-t', 'tmpfs', 'tmp', join(this.root, 'tmp'));
    mkdirSync(join(this.root, 'run/mkma'));
    this.prepareEarlyBoot();
    this.file = join(this.ram, 'storage.img');
    execFileSync('truncate', ['-s', String(options.storageBytes ?? 256 * 2 ** 20), this.file]);
    const [mkfs, ...args] = options.mkfs ?? ['mke2fs', '-q', '-t', 'ext4'];
    tool(mkfs as string, ...args, this.file);
    this.loop = tool('losetup', '--find', '--show', options.over?.(this.file) ?? this.file).trim();
  }

  /** A copy of the initramfs, whose loading fills the folder of the layers. */
  private prepareEarlyBoot(): void {
    const { images, dist } = this.options;
    tool('mount', '-t', 'tmpfs', 'early', this.early);
    cpSync(join(images, 'initramfs'), this.early, { recursive: true, verbatimSymlinks: true });
    for (const folder of ['storage', 'ram']) mkdirSync(join(this.early, folder));
    cpSync(join(dist, 'bench/load-layers.mjs'), join(this.early, 'mkma/load.js'));
    for (const name of ['console', 'null']) writeFileSync(join(this.early, 'dev', name), '');
    tool('mount', '--bind', '/dev/null', join(this.early, 'dev/null'));
    tool('mount', '-t', 'proc', 'proc', join(this.early, 'proc'));
    tool('mount', '-t', 'sysfs', '-o', 'ro', 'sysfs', join(this.early, 'sys'));
    tool('mount', '--bind', this.ram, join(this.early, 'ram'));
    // What early boot mounts there appears here as well.
    tool('mount', '--make-shared', join(this.early, 'ram'));
  }

  /** Fill the base anew, and forget all layers. */
  newBase(fill: (folder: string) => void): void {
    this.down();
    const base = join(this.ram, 'view/base');
    tool('rm', '-rf', base);
    mkdirSync(base);
    fill(base);
    this.onStorage((folder) => {
      rmSync(join(folder, 'images'), { recursive: true, force: true });
      mkdirSync(join(folder, 'images'));
      // What it holds is never read: the base of this machine is a folder.
      writeFileSync(join(folder, 'images/base.cpio.zst'), imageFile({ ...BASE, unpackedBytes: BASE_BYTES }));
    });
  }

  /** Fill the base anew, below the layers that there are: a build. */
  rebuild(fill: (folder: string) => void): void {
    this.down();
    const base = join(this.ram, 'view/base');
    tool('rm', '-rf', base);
    mkdirSync(base);
    fill(base);
    this.changeBase({ id: `sha256:${String(++this.builds).padStart(64, '0')}` });
  }

  /** Another manifest for the base on the storage, as if it had been replaced while the machine runs. */
  changeBase(facts: Partial<typeof BASE>): void {
    const manifest = { ...BASE, unpackedBytes: BASE_BYTES, ...facts } as typeof BASE;
    this.onStorage((folder) => writeFileSync(join(folder, 'images/base.cpio.zst'), imageFile(manifest)));
  }

  /** Move to hardware with this UUID in its firmware, or without any. */
  hardware(uuid?: string): void {
    for (const root of [this.root, this.early]) {
      const shown = join(root, 'sys/class');
      mkdirSync(root === this.root ? shown : root, { recursive: true });
      tool('mount', '-t', 'tmpfs', 'class', shown);
      if (uuid === undefined) continue;
      mkdirSync(join(shown, 'dmi/id'), { recursive: true });
      writeFileSync(join(shown, 'dmi/id/product_uuid'), `${uuid}\n`);
    }
  }

  /** Run a shell script with this as its $0. */
  sh(script: string, $0: string): void {
    tool('sh', '-e', '-c', script, $0);
  }

  /** Do something with the storage's file system. */
  onStorage<T>(work: (folder: string) => T): T {
    const folder = join(this.options.scratch, 'storage');
    mkdirSync(folder, { recursive: true });
    tool('mount', this.loop, folder);
    try {
      return work(folder);
    } finally {
      tool('umount', folder);
    }
  }

  /** Names of the files beside the base. */
  files(): string[] {
    return this.onStorage((folder) => readdirSync(join(folder, 'images')).sort());
  }

  private down(): void {
    if (existsSync(join(this.ram, 'view/fresh'))) tool('umount', this.merged);
    for (const folder of this.held.splice(0)) tool('umount', folder);
    // By rm, which gets to paths of any length.
    tool(
      'rm',
      '-rf',
      ...['view/fresh', 'view/layers', 'view/composed', 'work', 'lower'].map((name) => join(this.ram, name)),
    );
    rmSync(join(this.root, 'run/mkma'), { recursive: true, force: true });
    mkdirSync(join(this.root, 'run/mkma'));
  }

  /**
   * Boot: load the layers and stack the overlay with an empty upper directory, each as early boot does. Returns what was left out.
   */
  boot(): Loaded['leftOut'] {
    this.down();
    const loaded = this.load();
    this.show(loaded);
    const names = loaded.images.flatMap(({ layer }) => layer ?? []);
    const view = join(this.ram, 'view');
    const composed = loaded.composed.length === 0 ? [] : [`${view}/composed`];
    const folders = [...composed, ...names.map((name) => `${view}/layers/${name}`).reverse(), `${view}/base`];
    mkdirSync(join(this.ram, 'lower'));
    for (const [i, folder] of folders.entries()) symlinkSync(folder, join(this.ram, 'lower', String(i)));
    mkdirSync(join(this.ram, 'work'));
    const top = folders[0] as string;
    const fresh = join(view, 'fresh');
    mkdirSync(fresh);
    tool('chown', `--reference=${top}`, fresh);
    tool('chmod', `--reference=${top}`, fresh);
    tool('sh', '-c', COPY_ATTRIBUTES, top, fresh);
    const lower = folders.map((_, i) => String(i)).join(':');
    const numbers = loaded.images.some(({ format }) => format !== undefined) ? ',xino=on' : '';
    const options = `lowerdir=${lower},upperdir=${fresh},workdir=${this.ram}/work,redirect_dir=on,metacopy=on,index=off,nfs_export=off${numbers}`;
    execFileSync('mount', ['-t', 'overlay', '-o', options, 'mkma', this.merged], {
      cwd: join(this.ram, 'lower'),
      env: { ...process.env, LIBMOUNT_FORCE_MOUNT2: 'always' },
    });
    writeFileSync(join(this.root, 'run/mkma/boot.json'), JSON.stringify(this.record(loaded)));
    if (loaded.derived !== undefined)
      writeFileSync(join(this.root, 'run/mkma/derived.json'), JSON.stringify(loaded.derived));
    return loaded.leftOut;
  }

  /** Layers that are mounted where those that are unpacked lie, for the overlay and for the machine. */
  private show({ images }: Loaded): void {
    for (const { layer, format, renumbered } of images) {
      if ((format === undefined && renumbered === undefined) || layer === undefined) continue;
      const mounted = join(this.early, 'ram/view/layers', layer);
      for (const view of [join(this.ram, 'view'), join(this.root, 'overlay')]) {
        const folder = join(view, 'layers', layer);
        tool('mount', '--bind', mounted, folder);
        this.held.unshift(folder);
      }
      tool('umount', mounted);
    }
  }

  private load(): Loaded {
    const said = join(this.early, 'dev/console');
    writeFileSync(said, '');
    const storage = join(this.early, 'storage');
    const ended = this.onStorage((folder) => {
      tool('mount', '--bind', join(folder, 'images'), storage);
      try {
        return spawnSync(
          'unshare',
          ['--mount', '--propagation', 'unchanged', 'bash', '-c', LOAD, this.early],
          {
            encoding: 'utf8',
          },
        );
      } finally {
        tool('umount', storage);
      }
    });
    if (ended.status !== 0) throw new Error(`not loaded: ${ended.stderr}${readFileSync(said, 'utf8')}`);
    return JSON.parse(readFileSync(join(this.early, 'mkma/loaded.json'), 'utf8')) as Loaded;
  }

  private record({ images, leftOut, composed }: Loaded): BootRecord {
    const { type = 'ext4', ramBytes = 2 ** 33 } = this.options;
    const storage = { asked: this.loop, device: this.loop, type, path: '/images' };
    return {
      ...{ format: 1, storage, images, leftOut },
      ...(composed.length === 0 ? {} : { composed }),
      ...{ warnings: [], ramBytes, phases: [], started: 1, handover: 2 },
    };
  }

  /** Run `mkma` on the machine. */
  mkma(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const ended = spawnSync('/usr/sbin/chroot', [this.root, '/usr/bin/mkma', ...args], {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
      timeout: 300_000,
    });
    return { code: ended.status ?? -1, stdout: ended.stdout, stderr: ended.stderr };
  }

  /** Release everything: the folder it was made in can be removed. */
  close(): void {
    for (const mount of [this.root, this.early, this.ram]) {
      spawnSync('umount', ['--recursive', '--lazy', mount]);
    }
    spawnSync('losetup', ['--detach', this.loop]);
  }
}
