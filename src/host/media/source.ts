/** The set of images that goes onto a medium, and the layers that go along. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { identityMark } from '../../core/image/manifest.js';
import { ownParametersIn } from '../../core/loader/entry.js';
import { ok, type Result } from '../../core/result.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { cmdlineOf, SET_FILES } from '../set/add-generation.js';
import { layerFiles, openImages } from '../set/folder.js';
import { generationFolder, openGenerations } from '../set/generations.js';
import type { FoundBase } from '../set/images.js';
import { findWhole } from '../set/whole.js';
import { sha256Of } from '../sys/digest.js';

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
  /** That another set was chosen for booting than goes along. */
  readonly note?: string;
}

/**
 * The folder's own images, those of its last build; where it has no base, those of its default generation.
 */
export function findSet(images: string): Result<SourceSet> {
  const { all, chosen } = openGenerations(images);
  const hasOwn = BASE_NAMES.some((name) => existsSync(join(images, name)));
  const first = hasOwn ? undefined : all.find(({ isDefault }) => isDefault);
  const folder = first === undefined ? images : generationFolder(images, first.number);
  const base = findWhole(folder);
  if (!base.ok) return base;
  const files = SET_FILES.filter((name) => existsSync(join(folder, name))).map((name) =>
    fileIn(folder, name),
  );
  const isThere = hasOwn && all.some(({ number }) => number === chosen);
  const other = isThere && chosen !== undefined ? generationFolder(images, chosen) : undefined;
  const note = other === undefined || isSameSet(files, other) ? {} : { note: noteOf(images, other) };
  return ok({ folder, base: base.value, files, own: ownParametersIn(cmdlineOf(folder)), ...note });
}

/** Whether a generation consists of these files: it then shares them, as hard links. */
function isSameSet(files: readonly SetFile[], generation: string): boolean {
  return files.every(({ name, from }) => {
    const [own, other] = [statSync(from), statSync(join(generation, name), { throwIfNoEntry: false })];
    return own.ino === other?.ino && own.dev === other.dev;
  });
}

function noteOf(images: string, generation: string): string {
  return `the images of the last build go along (${images}); those that mkma generations use chose: --output ${generation}`;
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
  const kept = layerFiles(folder).filter((name) => identities || !marked.has(name));
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
  for (const { from } of files) digests.set(from, await sha256Of(from, { signal, onBytes }));
  return digests;
}
