/** The set of images that goes onto a medium, and the layers that go along. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { FILES } from '../../core/contract.js';
import { identityMark } from '../../core/image/manifest.js';
import { ownParametersIn } from '../../core/loader/entry.js';
import { err, ok, type Result } from '../../core/result.js';
import { disabledLayerName, layerName } from '../../core/set/layer-names.js';
import { cmdlineOf, SET_FILES } from '../set/add-generation.js';
import { openImages } from '../set/folder.js';
import { generationFolder, openGenerations } from '../set/generations.js';
import { type FoundBase, findBase } from '../set/images.js';
import { Interrupted } from '../sys/run.js';

/** A file for the medium. */
export interface SetFile {
  readonly name: string;
  /** Where it is now. */
  readonly from: string;
  readonly bytes: number;
  readonly mode: number;
}

export interface SourceSet {
  /** The folder: that of the images, or of its default generation. */
  readonly folder: string;
  readonly base: FoundBase;
  /** Base, initramfs, kernel and microcode. */
  readonly files: readonly SetFile[];
  /** What its command line adds. */
  readonly own: readonly KernelParameter[];
}

/** The folder's own images; where it has none, those of its default generation. */
export function findSet(images: string): Result<SourceSet> {
  const flat = findBase(images);
  const first = flat.ok ? undefined : openGenerations(images).all.find(({ isDefault }) => isDefault);
  const folder = first === undefined ? images : generationFolder(images, first.number);
  const base = first === undefined ? flat : findBase(folder);
  if (!base.ok) return base;
  const lacking = [FILES.initramfs, FILES.kernel].find((name) => !existsSync(join(folder, name)));
  if (lacking !== undefined) {
    return err({
      code: 'image-missing',
      what: 'no image to boot',
      where: join(folder, lacking),
      why: 'no such file',
      next: 'build it: sudo mkma build; or name the folder with --output',
    });
  }
  const files = SET_FILES.filter((name) => existsSync(join(folder, name))).map((name) =>
    fileIn(folder, name),
  );
  return ok({ folder, base: base.value, files, own: ownParametersIn(cmdlineOf(folder)) });
}

/** The layers in a folder, disabled ones too; `identities`: whether those that have one are among them. */
export function layersIn(folder: string, identities: boolean): Result<SetFile[]> {
  const opened = openImages(folder);
  if (!opened.ok) return opened;
  const marked = new Set(
    opened.value.layers
      .filter(({ manifest }) => identityMark(manifest) !== undefined)
      .map(({ file }) => file),
  );
  const names = readdirSync(folder).filter(
    (name) => (layerName(name) ?? disabledLayerName(name)) !== undefined,
  );
  const kept = names.filter((name) => identities || !marked.has(name));
  return ok(kept.sort().map((name) => fileIn(folder, name)));
}

function fileIn(folder: string, name: string): SetFile {
  const from = join(folder, name);
  const { size, mode } = statSync(from);
  return { name, from, bytes: size, mode: mode & 0o777 };
}

/** SHA-256 of each file, by its path. Throws Interrupted when `signal` is aborted. */
export async function digestsOf(
  files: readonly SetFile[],
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const { from } of files) digests.set(from, await digestFile(from, signal, onBytes));
  return digests;
}

/** SHA-256 of a file of any size. Throws Interrupted when `signal` is aborted. */
export async function digestFile(
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20, signal })) {
      hash.update(piece as Buffer);
      onBytes((piece as Buffer).length);
    }
  } catch (cause) {
    if (signal.aborted) throw new Interrupted();
    throw cause;
  }
  return hash.digest('hex');
}
