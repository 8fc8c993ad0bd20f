/** Booting into RAM in QEMU: mkma's two forms, a plain sh init, and Debian's live-boot, all of one tree and one kernel. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FILES, PARAM } from '../../src/core/contract.js';
import { chooseAccel } from '../../src/host/qemu/accel.js';
import { findBase } from '../../src/host/set/images.js';
import type { Accelerator } from '../../src/host/tools/qemu.js';
import { DISK_UUID, makeDisk, PLACES } from './disk.js';
import { type Live, makeSquashfs } from './live.js';
import { type Booted, bootOnce, type Contestant } from './once.js';
import { plainInitramfs } from './plain.js';

/** The contestants, in the order of their turns. */
export const CONTESTANTS = ['sh', 'cpio', 'erofs', 'bare', 'live', 'gzip'] as const;
export type ContestantName = (typeof CONTESTANTS)[number];

export const CONTESTANT_WORDS: Readonly<Record<ContestantName, string>> = {
  sh: 'plain sh init, zstd -dc | busybox cpio -id',
  cpio: 'mkma, base.cpio.zst',
  erofs: 'mkma, base.erofs',
  bare: 'mkma, an EROFS without checksum',
  live: 'live-boot toram, squashfs (zstd)',
  gzip: 'live-boot toram, squashfs (gzip, as live-build makes it)',
};

export interface Booting {
  readonly accel: Accelerator;
  readonly boots: Readonly<Record<ContestantName, readonly Booted[]>>;
}

export interface BootingOptions {
  /** Folders with the two forms of the base. */
  readonly images: string;
  readonly held: string;
  readonly live: Live;
  /** Folder that stays from run to run. */
  readonly kept: string;
  readonly scratch: string;
  readonly runs: number;
  readonly onBoot?: (name: ContestantName, booted: Booted) => void;
}

/** Boot all in turns. */
export async function benchBooting(options: BootingOptions): Promise<Booting> {
  const { images, held, kept, runs, live } = options;
  const scratch = join(options.scratch, 'booting');
  mkdirSync(scratch, { recursive: true });
  const cpio = baseOf(images);
  const erofs = baseOf(held);
  const squashfs = (compressor: 'zstd' | 'gzip') => makeSquashfs(live, images, scratch, compressor);
  const disk = makeDisk({ cpio: cpio.path, erofs, live: squashfs('zstd'), gzip: squashfs('gzip') }, scratch);
  const kernel = join(images, FILES.kernel);
  const context = { emit: () => undefined, signal: new AbortController().signal };
  const accel = await chooseAccel({ accel: 'auto', kernel, cache: kept }, context);
  if (!accel.ok) throw new Error(JSON.stringify(accel.problem));
  const ours = (folder: string, place: string): Omit<Contestant, 'name'> => ({
    kernel,
    initrd: join(folder, FILES.initramfs),
    append: `${PARAM.device}=UUID=${DISK_UUID} ${PARAM.path}=${place}`,
  });
  const fromSquashfs = (place: string): Omit<Contestant, 'name'> => ({
    ...{ kernel, initrd: live.initrd },
    append: `boot=live toram nopersistence live-media-path=${place}`,
  });
  const started: Readonly<Record<ContestantName, Omit<Contestant, 'name'>>> = {
    sh: { kernel, initrd: plainInitramfs(join(images, FILES.initramfsTree), scratch), append: '' },
    cpio: ours(images, PLACES.cpio),
    erofs: ours(held, PLACES.erofs),
    bare: ours(held, PLACES.bare),
    live: fromSquashfs(PLACES.live),
    gzip: fromSquashfs(PLACES.gzip),
  };
  const boots: Record<ContestantName, Booted[]> = {
    ...{ sh: [], cpio: [], erofs: [], bare: [], live: [], gzip: [] },
  };
  for (let turn = 0; turn < runs; turn++) {
    for (const name of CONTESTANTS) {
      const booted = await bootOnce({ name, ...started[name] }, disk, accel.value.accel, scratch);
      boots[name].push(booted);
      options.onBoot?.(name, booted);
    }
  }
  return { accel: accel.value.accel, boots };
}

function baseOf(folder: string) {
  const found = findBase(folder);
  if (!found.ok) throw new Error(JSON.stringify(found.problem));
  return found.value;
}
