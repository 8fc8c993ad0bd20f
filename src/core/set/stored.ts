/** The images in a folder, according to their names and manifests. */

import type { ImageFormat } from '../contract.js';
import type { Hardware, MarkedLayer } from '../identity/mark.js';
import type { ImageInfo } from '../image/image.js';
import { identityMark, isErofs, type LayerFacts, type Manifest, recordCount } from '../image/manifest.js';
import { emptyImage, NAME_TWICE, namesake, unreadable, wrongKind } from '../image/problems.js';
import { FEWER_BYTES } from '../image/reads.js';
import { err, ok, type Problem, type Result } from '../result.js';
import { sortByName } from '../text/path.js';
import { passedOverText } from './base.js';
import { baseIn, type FolderReader, readInfoIn } from './folder.js';
import { disabledLayerName, isSelected, type LayerSelection, layerName } from './layer-names.js';

export interface StoredImage {
  /** The layer's name for people, or `base`. */
  readonly name: string;
  /** Its file in the folder. */
  readonly file: string;
  /** The folder with its file, if that is another one than the layers'. */
  readonly folder?: string;
  readonly bytes: number;
  readonly disabled: boolean;
  /** An archive or a file system. */
  readonly format: ImageFormat;
  /** Absent if it has none, or the image is damaged. */
  readonly manifest?: Manifest;
  /** Why early boot would not load it. */
  readonly problem?: Problem;
  /** Of the base: warnings about others beside it. */
  readonly beside?: readonly string[];
}

export interface StoredImages {
  readonly base?: StoredImage;
  /** In the order of their names, the lowest first; disabled ones where they would be applied. */
  readonly layers: readonly StoredImage[];
  /** The `mkma_layers=` of the running machine; absent elsewhere. */
  readonly selection?: LayerSelection;
  /** The running machine, of which identities may be; absent elsewhere. */
  readonly hardware?: Hardware;
}

/** Finds the images in a folder and reads their manifests. */
export function readStored(folder: FolderReader): StoredImages {
  const layers: StoredImage[] = [];
  for (const file of folder.names) {
    const enabled = layerName(file);
    const name = enabled ?? disabledLayerName(file);
    if (name !== undefined) layers.push(readOne(folder, name, file, enabled === undefined));
  }
  const readBase = (file: string): StoredImage => readOne(folder, 'base', file, false, 'base');
  const { base, passedOver } = baseIn(folder.names, (file) => {
    const one = readBase(file);
    return one.problem === undefined ? ok(one) : err(one.problem);
  });
  if (base === undefined) return { layers: inOrder(layers) };
  const beside = passedOver.map((other) => passedOverText(other.base, other));
  return { base: { ...readBase(base), ...(beside.length === 0 ? {} : { beside }) }, layers: inOrder(layers) };
}

/**
 * Sorts by the names of the files: a disabled one is where it would be applied, after its namesake. Of two
 * enabled ones of a name, early boot takes the first that it can read.
 */
export function inOrder(layers: readonly StoredImage[]): StoredImage[] {
  const taken = new Map<string, string>();
  return sortByName([...layers], ({ file }) => file).map((layer) => {
    const { problem, ...rest } = layer;
    const image: StoredImage = problem?.code === NAME_TWICE ? rest : layer;
    if (image.disabled || image.problem !== undefined) return image;
    const other = taken.get(image.name);
    if (other !== undefined) return { ...image, problem: namesake(image.file, other) };
    taken.set(image.name, image.file);
    return image;
  });
}

function readOne(
  folder: FolderReader,
  name: string,
  file: string,
  disabled: boolean,
  kind: Manifest['kind'] = 'layer',
): StoredImage {
  const bytes = folder.size(file);
  const image = { name, file, bytes: bytes ?? 0, disabled, format: 'cpio' } as const;
  const info = readInfo(folder, file, bytes);
  if (!info.ok) return { ...image, problem: info.problem };
  const { manifest, format } = info.value;
  if (manifest === undefined) return { ...image, format };
  if (manifest.kind === kind) return { ...image, format, manifest };
  const why = `its manifest says it is a ${manifest.kind}`;
  const next = 'remove it, or rename it to what it is';
  return { ...image, problem: wrongKind(kind, file, why, next) };
}

function readInfo(folder: FolderReader, file: string, bytes: number | undefined): Result<ImageInfo> {
  if (bytes === undefined) {
    const why = 'it cannot be opened, or is not a regular file';
    return err(unreadable(file, why, 'check its type and owner'));
  }
  if (bytes === 0) {
    const next = 'copy or save it again';
    return err(emptyImage(file, next));
  }
  const info = readInfoIn(folder, file, bytes);
  if (info === undefined) return err(unreadableFile(file));
  return info.ok ? info : err({ where: file, ...info.problem });
}

/** The problem of a medium that does not return a file's bytes. */
export function unreadableFile(file: string): Problem {
  const next = 'check that its medium is still attached, and see dmesg';
  return unreadable(file, FEWER_BYTES, next);
}

/** What a layer was made on and what it deletes, if it has a manifest. */
export function layerFacts({ manifest }: StoredImage): LayerFacts | undefined {
  return manifest?.kind === 'layer' ? manifest.layer : undefined;
}

/** Layers with an identity, as far as a boot would read them. */
export function markedLayers({ layers, selection }: StoredImages): MarkedLayer[] {
  return layers.flatMap(({ name, file, disabled, problem, manifest }) => {
    const mark = identityMark(manifest);
    if (mark === undefined || disabled || problem !== undefined) return [];
    if (selection !== undefined && !isSelected(selection, name)) return [];
    return [{ name, file, mark, forced: selection?.forced.includes(name) === true }];
  });
}

/** The number of an image's entries, if it has a manifest: a file system has its deletions among them. */
export function entriesOf({ manifest }: StoredImage): number | undefined {
  if (manifest === undefined) return undefined;
  const { deletions = [] } = manifest.kind === 'layer' && isErofs(manifest) ? manifest.layer : {};
  return recordCount(manifest) - deletions.length;
}
