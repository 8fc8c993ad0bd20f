/** What goes onto the medium, read and checked before anything is written. */

import { join } from 'node:path';
import { fitsBootLoader, type KernelParameter } from '../../../core/boot/cmdline.js';
import { FILES } from '../../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { formatBytes } from '../../../core/text/size.js';
import type { Context } from '../../context.js';
import { hasSignature, PE_HEAD } from '../../media/signed.js';
import { digestsOf, findSet, layersIn, type SetFile, type SourceSet } from '../../media/source.js';
import { readInitramfsManifest } from '../../pack/initramfs-manifest.js';
import { readPart } from '../../set/folder.js';
import { stage } from '../../stage.js';
import type { InstallOptions } from './options.js';

export type ContentOptions = Pick<InstallOptions, 'output' | 'layers' | 'identities' | 'sourceDateEpoch'>;

export interface Content {
  readonly set: SourceSet;
  /** Layers that were asked for, or lie in the images folder. */
  readonly layers: readonly SetFile[];
  /** The suite from which boot programs come. */
  readonly suite: string;
  /** The time of everything, in seconds since the epoch. */
  readonly epoch: number;
  /** Whether the kernel has a signature, as Secure Boot requires. */
  readonly signed: boolean;
}

/** FAT knows no earlier time than the beginning of 1980. */
const EARLIEST = Date.UTC(1980, 0, 1) / 1000;
/** The suite of images without a manifest, which mkma did not build. */
const UNKNOWN_SUITE = 'trixie';

/** Finds the set, warns of what will not boot, and refuses what never would. */
export function findContent(options: ContentOptions, context: Context): Result<Content> {
  const set = findSet(options.output);
  if (!set.ok) return set;
  const { base, folder, note } = set.value;
  if (note !== undefined) context.emit({ type: 'note', text: note });
  for (const problem of base.warnings) context.emit({ type: 'warning', problem });
  const { manifest } = base.info;
  if (manifest !== undefined && manifest.architecture !== 'amd64') {
    return err({
      code: 'medium-architecture',
      what: 'these images cannot be installed on a medium',
      where: base.path,
      why: `they are for ${manifest.architecture}, and a medium boots PCs (amd64)`,
      next: 'write a boot loader entry for that machine instead: mkma boot-entry',
    });
  }
  const unfit = set.value.own.find(({ name, value }) => !fitsBootLoader(`${name}${value ?? ''}`));
  if (unfit !== undefined) return err(unpassable(unfit, folder));
  const unsigned = unsignedKernel(folder);
  if (unsigned !== undefined) context.emit({ type: 'warning', problem: unsigned });
  const layers = layersFor(options, folder);
  if (!layers.ok) return layers;
  const created = manifest === undefined ? EARLIEST : Math.floor(Date.parse(manifest.created) / 1000);
  const epoch = Math.max(EARLIEST, options.sourceDateEpoch ?? created);
  const suite = manifest?.suite ?? UNKNOWN_SUITE;
  return ok({ set: set.value, layers: layers.value, suite, epoch, signed: unsigned === undefined });
}

/** Whether its initramfs opens encrypted volumes. */
export async function requireOpening({ set }: Content, signal: AbortSignal): Promise<Result<void>> {
  const where = join(set.folder, FILES.initramfs);
  const manifest = await readInitramfsManifest(where, signal);
  if (!manifest.ok) return manifest;
  if (manifest.value?.storage?.includes('luks') === true) return ok();
  return err({
    code: 'initramfs-cannot-open',
    what: 'the initramfs of this set cannot open an encrypted medium',
    where,
    why: manifest.value === undefined ? 'mkma did not build it' : 'it was built without cryptsetup',
    next: "add this line to the definition and build again: initramfs: { storage: ['luks'] },",
  });
}

function layersFor({ layers, identities }: ContentOptions, folder: string): Result<readonly SetFile[]> {
  return layers === 'none' ? ok([]) : layersIn(layers ?? folder, identities);
}

function unpassable({ name, value }: KernelParameter, folder: string): Problem {
  return {
    code: 'parameters-invalid',
    what: 'a boot loader cannot pass this parameter to the kernel',
    where: join(folder, FILES.cmdline),
    why: `GRUB does not preserve quotes and backslashes: ${value === undefined ? name : `${name}=${value}`}`,
    next: 'correct it in that file, and in the definition (cmdline)',
  };
}

function unsignedKernel(folder: string): Problem | undefined {
  const file = join(folder, FILES.kernel);
  if (hasSignature(readPart(file, 0, PE_HEAD) ?? new Uint8Array())) return undefined;
  return {
    code: 'kernel-unsigned',
    what: 'this kernel is not signed',
    where: file,
    why: 'with Secure Boot on, GRUB refuses it; by BIOS, and with Secure Boot off, it boots',
    next: "build with Debian's own kernel, or turn Secure Boot off on the machines that boot this medium",
  };
}

/** Digests of the files, read once before anything is written. */
export function readDigests(
  files: readonly SetFile[],
  context: Context,
): Promise<Result<Map<string, string>>> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  return stage(context, 'read', `${files.length} files, ${formatBytes(total)}`, async () =>
    ok(
      await digestsOf(files, context.signal, (bytes) => {
        done += bytes;
        context.emit({ type: 'progress', stage: 'read', done, total, unit: 'bytes' });
      }),
    ),
  );
}
