/** The layers to merge, read from the medium: every byte of them is compared with their manifests first. */
import { HEAD_SIZE, readFrames } from '../../../../core/image/image.js';
import { idsOf, type LayerManifest } from '../../../../core/image/manifest.js';
import { archiveFrames, type SourceContents } from '../../../../core/layers/merge/contents.js';
import type { LayerToMerge } from '../../../../core/layers/merge/range.js';
import {
  isText,
  SourceCollector,
  type SourceEntry,
  type SourceTree,
} from '../../../../core/layers/merge/source.js';
import { checkRecords } from '../../../../core/layers/verify.js';
import { err, ok, type Result } from '../../../../core/result.js';
import { mustMakeFolder } from '../../../must.js';
import { sumOf } from '../../../records.js';
import type { RunningSystem } from '../../../system.js';
import { digestsIn } from '../../digests.js';
import { readRecords } from '../folder.js';
import { checkSums } from '../verify.js';

/** Where layers are mounted that are file systems, by their number. */
const MOUNTS = '/run/mkma/merge';

/** A layer to merge. */
export interface Source {
  readonly image: LayerToMerge;
  readonly tree: SourceTree;
  readonly contents: SourceContents;
  /** Its file; of a file system where it is mounted. */
  readonly place: string;
}

/** Reads them, calls `work`, and releases what was mounted. */
export function withSources<T>(
  machine: RunningSystem,
  folder: string,
  layers: readonly LayerToMerge[],
  work: (sources: readonly Source[]) => Result<T>,
): Result<T> {
  const mounted: string[] = [];
  try {
    const sources: Source[] = [];
    for (const [i, image] of layers.entries()) {
      const source = readSource(machine, folder, image, (file) => {
        mustMakeFolder(machine, MOUNTS, 0o700);
        const place = `${MOUNTS}/${i}`;
        mustMakeFolder(machine, place, 0o700);
        const options = 'ro,loop,nosuid,nodev,noexec';
        const done = machine.run(['mount', '-t', 'erofs', '-o', options, file, place]);
        if (done.code !== 0) return err(cannotMount(image.file, done.stderr.trim()));
        mounted.push(place);
        return ok(place);
      });
      if (!source.ok) return source;
      sources.push(source.value);
    }
    return work(sources);
  } finally {
    for (const place of mounted) {
      if (machine.run(['umount', place]).code !== 0) machine.run(['umount', '--lazy', place]);
    }
  }
}

function cannotMount(where: string, why: string) {
  return {
    code: 'layer-not-mergeable',
    what: 'cannot mount a layer that is a file system',
    where,
    why,
    next: 'check that the kernel has the module erofs (modprobe erofs), or merge the others alone',
  } as const;
}

function readSource(
  machine: RunningSystem,
  folder: string,
  image: LayerToMerge,
  mount: (file: string) => Result<string>,
): Result<Source> {
  const { file, bytes, manifest, format } = image;
  const path = `${folder}/${file}`;
  const sums = checkSums(machine, path, file, manifest);
  if (!sums.ok) return sums;
  const collector = new SourceCollector(format === 'erofs' ? 'file system' : 'archive');
  const read = readRecords(machine, folder, image, collector);
  if (!read.ok) return read;
  const whole = checkRecords(image, collector.records);
  if (!whole.ok) return whole;
  const tree = collector.finish(manifest);
  if (format !== 'erofs') {
    const entries = readFrames((at, length) => machine.readAt(path, at, length) ?? new Uint8Array(0), bytes);
    const contents = { frames: archiveFrames(entries, HEAD_SIZE) };
    return ok({ image, tree, contents, place: path });
  }
  const place = mount(path);
  if (!place.ok) return place;
  const texts = textsIn(machine, place.value, tree);
  return ok({ image, tree: { ...tree, texts }, contents: {}, place: place.value });
}

/** Files with several owners of a mounted layer. */
function textsIn(machine: RunningSystem, folder: string, { entries }: SourceTree): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { path, type } of entries.values()) {
    if (type !== 'f' || !isText(path)) continue;
    const text = machine.readText(`${folder}/${path}`);
    if (text === undefined) throw new Error(`cannot read ${folder}/${path}`);
    texts.set(path, text);
  }
  return texts;
}

/** Whether a layer was made directly on the one before it, and on the same base. */
export function follows(lower: LayerManifest, upper: LayerManifest): boolean {
  const { base, after } = upper.layer;
  return base === lower.layer.base && after !== undefined && idsOf(lower).includes(after);
}

/** $0: the file; its frames' place and size, and the content's place and size in what they hold. */
const SUM =
  'dd if="$0" bs=1M iflag=skip_bytes,count_bytes skip="$1" count="$2" status=none | zstd -dcq | ' +
  'tail -c +"$3" | head -c "$4" | sha256sum';

/** The SHA-256 of a content. Takes a few programs: rarely needed. */
export function digestOfContent(
  machine: RunningSystem,
  { contents: { frames }, place }: Source,
  { path, at, size }: SourceEntry,
): string | undefined {
  if (frames === undefined) return digestsIn(machine, place, [path]).get(path);
  const used = frames.filter(({ from, bytes }) => from < at + size && from + bytes > at);
  const [first] = used;
  if (first === undefined) return undefined;
  const length = used.reduce((sum, frame) => sum + frame.size, 0);
  const words = [first.at, length, at - first.from + 1, size].map(String);
  return sumOf(machine.run(['sh', '-c', SUM, place, ...words]).stdout);
}
