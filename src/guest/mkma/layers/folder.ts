/** The images folder on the machine's storage, read by programs. */
import { ArchiveParser, type ArchiveReader } from '../../../core/archive/parser.js';
import type { BootRecord, LoadedImage } from '../../../core/boot/record.js';
import { OVERLAY } from '../../../core/contract.js';
import { readErofs } from '../../../core/image/erofs/reader.js';
import { damaged, unreadable } from '../../../core/image/problems.js';
import { watchReads } from '../../../core/image/reads.js';
import { type LayerTree, TreeCollector, type TreeOptions } from '../../../core/layers/tree.js';
import { err, ok, type Result } from '../../../core/result.js';
import { type StoredImage, unreadableFile } from '../../../core/set/stored.js';
import { isBelow } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { dumpOf, lookUp, sortAttributes } from '../directory.js';
import { withMerged } from '../merged.js';
import { FRESH, VIEW } from '../view.js';

/** Reads the content of an image: its archive from zstd(1), piece by piece, skipping file contents. */
export function readTree(
  machine: RunningSystem,
  folder: string,
  image: StoredImage,
  options: TreeOptions = {},
): Result<LayerTree> {
  const collector = new TreeCollector(options);
  const read = readRecords(machine, folder, image, collector);
  return read.ok ? ok(collector.finish(image.manifest)) : read;
}

/** Passes all records to the collector. */
export function readRecords(
  machine: RunningSystem,
  folder: string,
  image: StoredImage,
  collector: ArchiveReader,
): Result<void> {
  if (image.problem !== undefined) return err(image.problem);
  if (image.format === 'erofs') return readFileSystem(machine, folder, image, collector);
  const parser = new ArchiveParser(collector);
  let wrong: string | undefined;
  const within = image.folder ?? folder;
  const argv = ['zstd', '-q', '-dc', '--', `${within}/${image.file}`];
  const ended = machine.readFrom(argv, (piece) => {
    wrong = parser.take(piece);
    return wrong === undefined;
  });
  const next = 'copy or save it again; if others fail too, see dmesg';
  if (wrong === undefined && ended.code !== 0) {
    const why = ended.stderr.replaceAll(`${within}/`, '').trim() || `zstd exited with code ${ended.code}`;
    return err(unreadable(image.file, why, next));
  }
  wrong ??= parser.end();
  return wrong === undefined ? ok() : err(damaged(wrong, { where: image.file, next }));
}

/** Names and inodes of a file system, which need no unpacking. */
function readFileSystem(
  machine: RunningSystem,
  folder: string,
  image: StoredImage,
  collector: ArchiveReader,
): Result<void> {
  const path = `${image.folder ?? folder}/${image.file}`;
  const { read, failed } = watchReads(image.bytes, (at, length) => machine.readAt(path, at, length));
  const wrong = readErofs(read, collector);
  if (failed()) return err(unreadableFile(image.file));
  if (wrong === undefined) return ok();
  return err(damaged(wrong, { where: image.file }));
}

/** The path of an unpacked image of this boot. */
export function unpackedFolder({ layer }: LoadedImage): string {
  return layer === undefined ? `${VIEW}/${OVERLAY.base}` : `${VIEW}/${OVERLAY.layers}/${layer}`;
}

/** The content of an unpacked image at these paths. */
export function lookUpTree(machine: RunningSystem, folder: string, paths: ReadonlySet<string>): LayerTree {
  return lookUpMarked(machine, folder, paths).tree;
}

/**
 * The changes since boot at these paths, as a snapshot would have them: with what is in a moved folder, which
 * the upper directory has only a mark of. `paths`: a folder before what is in it.
 */
export function lookUpFresh(
  machine: RunningSystem,
  record: BootRecord,
  paths: ReadonlySet<string>,
): LayerTree {
  const { tree, redirects } = lookUpMarked(machine, FRESH, paths);
  // Nothing above it moved: it was where its mark points to.
  const isMoved = (path: string): boolean => {
    const mark = redirects.get(path);
    const here = `/${path}`;
    return mark !== undefined && mark !== here && !here.endsWith(`/${mark}`);
  };
  const moved = [...paths].find((path) => isMoved(path) && tree.entries.get(path)?.type === 'd');
  if (moved === undefined) return tree;
  const isIn = (path: string): boolean => isBelow(path, moved);
  const outside = [...tree.entries].filter(([path]) => !isIn(path));
  const seen = withMerged(machine, record, ({ root }) => lookUp(machine, root, [...paths], [], true));
  return {
    entries: new Map([...outside, ...[...seen.entries].filter(([path]) => isIn(path))]),
    whiteouts: new Set([...tree.whiteouts].filter((path) => !isIn(path))),
    opaque: new Set([...tree.opaque].filter((path) => !isIn(path)).concat(moved)),
    attributes: new Map([...tree.attributes, ...[...seen.attributes].filter(([path]) => isIn(path))]),
  };
}

function lookUpMarked(machine: RunningSystem, folder: string, paths: ReadonlySet<string>) {
  const found = lookUp(machine, folder, [...paths]);
  const names = [...found.entries.keys()];
  const { metacopies, redirects } = sortAttributes(dumpOf(machine, folder, names));
  // A file with both has its content at another path.
  const metadataOnly = (path: string): boolean => metacopies.has(path) && !redirects.has(path);
  const entries = [...found.entries].map(
    ([path, entry]) => [path, metadataOnly(path) ? { ...entry, metadataOnly: true } : entry] as const,
  );
  return { tree: { ...found, entries: new Map(entries) }, redirects };
}
