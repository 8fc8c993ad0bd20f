/**
 * Loads many small layers at once: one program decompresses all of them and one unpacks them, each into its
 * own folder. It succeeds for all or fails for all, without a reason: then they are loaded in smaller
 * numbers, and at last each by itself (layers.ts), which finds the failing one and its problem.
 */
import { type HollowFile, hollowArchive } from '../../core/archive/hollow.js';
import { HEAD_SIZE } from '../../core/image/image.js';
import { joinArchives } from '../../core/image/joined.js';
import { type Manifest, recordCount } from '../../core/image/manifest.js';
import { ok } from '../../core/result.js';
import { concatBytes } from '../../core/text/bytes.js';
import type { GuestSystem } from '../system.js';
import { BATCH, LAYERS } from './folders.js';
import type { LayerImage } from './images.js';
import { inJail } from './jail.js';
import { metadataOf } from './metadata.js';
import { checkMountPoints } from './mount-points.js';
import { measure } from './ram.js';
import { attributesOf, deletionsOf, setAttributes } from './restore.js';
import { unpackWhole, ZSTD } from './unpack.js';

/** Bytes of a layer's archive up to which it is loaded together with others, and of all of a batch. */
const SMALL = 2 * 2 ** 20;
const MOST_BYTES = 16 * 2 ** 20;
/** Bytes of a file's metadata in an archive, at most two blocks and its name. */
const METADATA_BYTES = 1024;
/** Most layers of a batch. If one is damaged, all are loaded again, in halves. */
const MOST_LAYERS = 128;

/** A layer of a batch. */
export interface SmallLayer {
  readonly image: LayerImage;
  readonly manifest: Manifest;
}

/** Bytes of a layer's archive. */
function archiveBytes({ segments }: Manifest): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Whether a layer can be added to a batch. Its manifest must have its accounts and packages: those above it
 * are judged by them before it is unpacked.
 */
export function fitsBatch(batch: readonly SmallLayer[], layer: SmallLayer): boolean {
  if (batch.length >= MOST_LAYERS || layer.manifest.records === undefined) return false;
  const takes = (manifest: Manifest): number =>
    archiveBytes(manifest) + metadataOf(manifest).length * METADATA_BYTES;
  const bytes = takes(layer.manifest);
  const all = batch.reduce((sum, { manifest }) => sum + takes(manifest), bytes);
  return bytes <= SMALL && layer.image.bytes <= SMALL && all <= MOST_BYTES;
}

/** Loads them into folders of {@link LAYERS}, which do not exist; if it fails, some may exist. */
export function loadBatch(machine: GuestSystem, layers: readonly SmallLayer[]): boolean {
  const archives = decompress(machine, layers);
  if (archives === undefined) return false;
  const joined = joinArchives(
    layers.map(({ image, manifest }, i) => ({
      ...{ folder: image.layer, archive: archives[i] as Uint8Array, root: manifest.root },
      ...{ records: recordCount(manifest), whiteouts: deletionsOf(manifest) },
      files: metadataOf(manifest).map(({ path }) => path),
      marked: attributesOf(manifest).map(({ path }) => path),
    })),
  );
  if (joined.wrong !== undefined) return false;
  const archive = concatBytes(joined.pieces);
  const files = layers.flatMap(({ image, manifest }) => within(image.layer, metadataOf(manifest)));
  const attributes = layers.flatMap(({ image, manifest }) => within(image.layer, attributesOf(manifest)));
  const done = inJail(machine, LAYERS, (place) => {
    const before = measure(machine).freeInodes;
    const silent = (input: Uint8Array): boolean => {
      const { code, stderr } = unpackWhole(machine, input, place);
      return code === 0 && stderr === '';
    };
    // Adding a file to a folder changes its time: unpacked once more, it has the right one.
    const unpacked =
      silent(archive) && (files.length === 0 || (silent(hollowArchive(files)) && silent(archive)));
    const all = unpacked && before - measure(machine).freeInodes === joined.names;
    if (!all || attributes.length === 0) return ok(all);
    const set = setAttributes(machine, attributes, place);
    return ok(set.code === 0 && set.stderr === '');
  });
  if (!done.ok || !done.value) return false;
  return layers.every(({ image }) => checkMountPoints(machine, image, `${LAYERS}/${image.layer}`).ok);
}

/** What is in a folder, by its path from the one above. */
function within<T extends Pick<HollowFile, 'path'>>(folder: string, items: readonly T[]): T[] {
  return items.map((item) => ({ ...item, path: item.path === '.' ? folder : `${folder}/${item.path}` }));
}

/** The archives of the layers; `undefined` if one cannot be read or is damaged. */
function decompress(machine: GuestSystem, layers: readonly SmallLayer[]): Uint8Array[] | undefined {
  const compressed: Uint8Array[] = [];
  for (const { image, manifest } of layers) {
    const bytes = manifest.segments.reduce((sum, { size }) => sum + size, 0);
    const read = machine.readAt(image.path, HEAD_SIZE, bytes);
    if (read?.length !== bytes) return undefined;
    compressed.push(read);
  }
  const lengths = layers.map(({ manifest }) => archiveBytes(manifest));
  const all = lengths.reduce((sum, length) => sum + length, 0);
  const [from, to] = [`${BATCH}.zst`, `${BATCH}.cpio`];
  try {
    if (!machine.write(from, concatBytes(compressed))) return undefined;
    const done = machine.run([...ZSTD, from, '-o', to]);
    if (done.code !== 0 || machine.info(to)?.size !== all) return undefined;
    const archive = machine.readAt(to, 0, all);
    if (archive?.length !== all) return undefined;
    let at = 0;
    return lengths.map((length) => {
      const from = at;
      at += length;
      return archive.subarray(from, at);
    });
  } finally {
    machine.run(['rm', '-f', from, to]);
  }
}
