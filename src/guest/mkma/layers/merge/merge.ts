/**
 * `mkma layers merge`: several neighbouring layers become one, which shows the same. The old ones go only
 * once the new one lies whole on the medium; while both are there, the new one, directly above, covers them.
 */

import type { BootRecord } from '../../../../core/boot/record.js';
import type { ImageFormat } from '../../../../core/contract.js';
import { remakeOfMerged } from '../../../../core/derived/mark.js';
import { type Plan, planArchive } from '../../../../core/image/archive-plan.js';
import { idsOf, isErofs, type LayerFacts, nameCount } from '../../../../core/image/manifest.js';
import { treeToPack } from '../../../../core/layers/merge/contents.js';
import { mergedName } from '../../../../core/layers/merge/name.js';
import { type LayerToMerge, layersToMerge } from '../../../../core/layers/merge/range.js';
import { mergeRecords } from '../../../../core/layers/merge/records.js';
import { renumbered } from '../../../../core/layers/merge/renumber.js';
import { type MergedTree, mergeTrees } from '../../../../core/layers/merge/tree.js';
import { type NextBoot, nextBootOf, ramOf } from '../../../../core/layers/next-boot.js';
import { replacedIn } from '../../../../core/layers/replaced.js';
import { showPath } from '../../../../core/overlay/change-list.js';
import type { Records } from '../../../../core/records/records.js';
import { err, ok, type Problem, type Result } from '../../../../core/result.js';
import { quoteName } from '../../../../core/text/path.js';
import { formatBytes } from '../../../../core/text/size.js';
import { processors } from '../../../processors.js';
import { digestOf } from '../../../records.js';
import type { RunningSystem } from '../../../system.js';
import { openImages, withImages } from '../../images-folder.js';
import { rememberNextBoot } from '../../next-boot.js';
import { checkTools, defaultFormat } from '../../persist/format.js';
import { unlessInterrupted } from '../../persist/interrupted.js';
import type { LayerFactsOf } from '../../persist/layer-manifest.js';
import { levelFor } from '../../persist/level.js';
import { checkBudget } from '../../persist/medium.js';
import { packLayer } from '../../persist/pack.js';
import type { PackedLayer } from '../../persist/packing.js';
import { writeLayer } from '../../persist/write.js';
import { rememberMerged } from '../../replaced.js';
import { measureFileSystem } from '../../room.js';
import { VERSION } from '../../version.js';
import { verifyOne } from '../verify.js';
import { feedOf } from './feed.js';
import { digestOfContent, follows, type Source, withSources } from './sources.js';

export interface MergeOptions {
  /** Report what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Part of the layer's name; `merged` by default. */
  readonly label?: string | undefined;
  /** zstd level, 1 to 19; absent: that of the format. */
  readonly level?: number | undefined;
  /** Absent: chosen by what the layers hold. */
  readonly format?: ImageFormat | undefined;
}

/** The result. */
export interface MergedLayers {
  /** Names of the layers that became one, the lowest first; fewer than two if there was nothing to do. */
  readonly merged: readonly string[];
  /** Bytes of their files. */
  readonly before: number;
  /** Absent in a dry run. */
  readonly layer?: {
    readonly layer: string;
    readonly file: string;
    readonly bytes: number;
    readonly id: string;
  };
  readonly format: ImageFormat;
  readonly entries: number;
  readonly deletions: number;
  /** Bytes of RAM that it takes, and those of all images of the next boot. */
  readonly unpackedBytes: number;
  readonly nextBoot: number;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Merges the layers that `words` name (layersToMerge). The caller holds the lock. `tell` receives lines about
 * progress.
 */
export function mergeLayers(
  machine: RunningSystem,
  record: BootRecord,
  words: readonly string[],
  options: MergeOptions,
  tell: (line: string) => void,
): Result<MergedLayers> {
  const tools = options.format === 'erofs' ? checkTools(machine) : ok();
  if (!tools.ok) return tools;
  machine.growLarge();
  // What is refused changes nothing: the storage is not even mounted for writing.
  const looked = withImages(machine, record, 'read', (folder) => {
    const stored = openImages(machine, folder);
    if (!stored.ok) return stored;
    const range = layersToMerge(stored.value, words);
    return range.ok ? ok({ range: range.value, left: replacedIn(stored.value).size }) : range;
  });
  if (!looked.ok) return looked;
  const { range, left } = looked.value;
  if (range.layers.length < 2 && (left === 0 || options.dryRun)) {
    return ok(nothing(range.layers.length < 2 ? range.notes : []));
  }
  machine.outliveInterrupts();
  const mode = options.dryRun ? 'read' : 'write';
  const work = (folder: string): Result<MergedLayers> => {
    const cleaned = options.dryRun ? ok() : removeReplaced(machine, folder);
    return cleaned.ok ? mergeIn(machine, record, { folder, words, options, tell }) : cleaned;
  };
  return unlessInterrupted(machine, () => withImages(machine, record, mode, work), 'nothing was merged');
}

function nothing(notes: readonly string[]): MergedLayers {
  const none = { merged: [], before: 0, entries: 0, deletions: 0, unpackedBytes: 0, nextBoot: 0 };
  return { ...none, format: 'cpio', notes, warnings: [] };
}

/** Removes files of layers that an interrupted merge has left, if the layer that has all of them is whole. */
function removeReplaced(machine: RunningSystem, folder: string): Result<void> {
  const stored = openImages(machine, folder);
  if (!stored.ok) return stored;
  const replaced = replacedIn(stored.value);
  for (const by of new Set(replaced.values())) {
    const whole = verifyOne(machine, folder, by);
    if (!whole.ok) return whole;
  }
  const files = [...replaced.keys()].map(({ file }) => file);
  return files.length === 0 ? ok() : removeFiles(machine, folder, files);
}

function removeFiles(machine: RunningSystem, folder: string, files: readonly string[]): Result<void> {
  const removed = machine.run(['rm', '-f', '--', ...files.map((file) => `${folder}/${file}`)]);
  const flushed = machine.run(['sync', folder]);
  if (removed.code === 0 && flushed.code === 0) return ok();
  return err({
    code: 'images-folder-not-writable',
    what: 'cannot remove layers that were merged',
    where: files.map(quoteName).join(', '),
    why: `${removed.stderr}${flushed.stderr}`.trim(),
    next: 'boots leave them out; check the medium with dmesg, and run mkma layers merge again',
  });
}

/** Where and how to merge. */
interface Work {
  readonly folder: string;
  readonly words: readonly string[];
  readonly options: MergeOptions;
  readonly tell: (line: string) => void;
}

function mergeIn(machine: RunningSystem, record: BootRecord, work: Work): Result<MergedLayers> {
  const { folder, words, tell } = work;
  const stored = openImages(machine, folder);
  if (!stored.ok) return stored;
  const range = layersToMerge(stored.value, words);
  if (!range.ok) return range;
  const { layers, notes } = range.value;
  if (layers.length < 2) return ok(nothing(notes));
  const before = layers.reduce((sum, { bytes }) => sum + bytes, 0);
  tell(`merging ${layers.length} layers, ${formatBytes(before)}`);
  const names = new Set(layers.map(({ name }) => name));
  const others = nextBootOf(stored.value, record).filter(({ name }) => !names.has(name));
  const now = ramOf(nextBootOf(stored.value, record));
  return withSources(machine, folder, layers, (sources) => {
    const planned = planMerge(machine, record, work, sources);
    if (!planned.ok) return planned;
    return writeMerged(machine, record, work, { ...planned.value, sources, others, now, before, notes });
  });
}

interface Planned {
  readonly tree: MergedTree;
  readonly records: Records;
  readonly plan: Plan;
  readonly texts: ReadonlyMap<string, string>;
  readonly facts: LayerFactsOf;
  readonly format: ImageFormat;
  readonly level: number;
}

/** What to write, or why not. */
function planMerge(
  machine: RunningSystem,
  record: BootRecord,
  { folder, options }: Work,
  sources: readonly Source[],
): Result<Planned> {
  const linked = sources.map(
    ({ image }, i) => i === 0 || follows((sources[i - 1] as Source).image.manifest, image.manifest),
  );
  const numbered = renumbered(
    sources.map(({ image, tree: own }, i) => ({
      ...{
        records: image.manifest.records,
        tree: own,
        texts: own.texts,
        follows: i > 0 && linked[i] === true,
      },
    })),
  );
  const tree = mergeTrees(
    numbered.sources.map((source) => source.tree),
    (metadata, { source, entry }, i) => {
      if (entry.size !== metadata.size) return false;
      if (linked.slice(source + 1, i + 1).every(Boolean)) return true;
      return digestOfContent(machine, sources[source] as Source, entry) === metadata.sha256;
    },
  );
  const [conflict] = tree.conflicts;
  if (conflict !== undefined) {
    return err(
      notMergeable(`two of them have the metadata of ${showPath(conflict)}, for different contents`),
    );
  }
  const merged = mergeRecords(numbered.sources, tree);
  const conflicts = [...numbered.conflicts, ...merged.conflicts];
  if (conflicts.length > 0) {
    return err(notMergeable(`numbers belong to different accounts in them: ${conflicts.join(', ')}`));
  }
  const { texts } = merged;
  const digests = Object.fromEntries(
    [...texts]
      .filter(([path]) => Object.hasOwn(merged.records.files, path))
      .map(([path, text]) => [path, digestOf(machine, path, text)]),
  );
  const records = { ...merged.records, files: { ...merged.records.files, ...digests } };
  const pack = treeToPack(tree, texts);
  const { metadataOnly } = pack;
  const whole = planArchive(pack.tree, pack.devices, { attributes: tree.attributes, metadataOnly, texts });
  if (!whole.ok) return whole;
  const plan = { ...whole.value, unpackedBytes: bytesInRam(whole.value, sources, tree) };
  const { free } = measureFileSystem(machine, folder);
  const about = { held: plan.unpackedBytes, bytes: plan.bytes, free, metadataOnly: metadataOnly.length > 0 };
  const format = options.format ?? defaultFormat(machine, record, about);
  if (format === 'erofs' && metadataOnly.length > 0) return err(metadataAlone(metadataOnly.length));
  const room = format === 'cpio' ? checkRoom(free, estimate(sources, tree)) : ok();
  if (!room.ok) return room;
  const level = options.level ?? levelFor(format, plan.bytes, processors(machine));
  const layer = factsOf(sources, tree, linked.every(Boolean));
  const last = (sources.at(-1) as Source).image.manifest;
  const { name, created, suite, architecture, kernelRelease } = last;
  const facts = { name, created, mkma: VERSION, suite, architecture, kernelRelease, layer, records };
  return ok({ tree, records, plan, texts, facts, format, level });
}

/** As if it had been saved when the last of them was. */
function factsOf(sources: readonly Source[], tree: MergedTree, known: boolean): LayerFacts {
  const all = sources.map(({ image }) => image.manifest);
  const last = all.at(-1);
  const base = last?.layer.base;
  const after = all[0]?.layer.after;
  const { deletions, opaque, metadata } = tree;
  const remake = remakeOfMerged(
    sources.map(({ image, tree: { entries } }) => ({
      remake: image.manifest.layer.remake ?? [],
      entries: entries.values(),
    })),
  );
  return {
    // Without one a boot takes nothing for known, and composes.
    ...(base === undefined || !known ? {} : { base }),
    ...(after === undefined ? {} : { after }),
    ...{ deletions, opaque },
    ...(metadata.length === 0 ? {} : { metadata }),
    ...(remake.length === 0 ? {} : { remake }),
    merged: all.map(({ id }) => id),
    highest: last === undefined ? [] : idsOf(last),
  };
}

/**
 * Bytes of RAM that its content takes. Where files of archives have holes is not known: all of it together
 * takes no more than the layers do.
 */
function bytesInRam(plan: Plan, sources: readonly Source[], { entries }: MergedTree): number {
  const archives = sources.reduce(
    (sum, { image }) => sum + (image.format === 'erofs' ? 0 : image.manifest.unpackedBytes),
    0,
  );
  const pages = (size: number): number => Math.ceil(size / 4096) * 4096;
  const others = entries.reduce((sum, { source, size, type, inode }) => {
    const twice = inode.includes(':metadata:');
    const held = type === 'f' && (twice || sources[source]?.image.format === 'erofs');
    return sum + (held ? pages(size) : 0);
  }, 0);
  return Math.min(plan.unpackedBytes, archives + others);
}

/** About how many bytes an archive of it will have, by what is left of each layer. */
function estimate(sources: readonly Source[], { entries }: MergedTree): number {
  const left = sources.map(() => 0);
  for (const { source, size, type } of entries) if (type === 'f') left[source] = (left[source] ?? 0) + size;
  return sources.reduce((sum, { image, tree }, i) => {
    const all = [...tree.entries.values()].reduce(
      (bytes, { size, type }) => bytes + (type === 'f' ? size : 0),
      0,
    );
    return sum + (all === 0 ? 0 : image.bytes * Math.min(1, (left[i] as number) / all));
  }, 0);
}

function checkRoom(free: number, needed: number): Result<void> {
  if (free >= needed) return ok();
  return err({
    code: 'storage-full',
    what: 'the merged layer does not fit on the storage device beside the old ones',
    why: `it will take about ${formatBytes(needed)}, and ${formatBytes(free)} are free; the old ones go only once it is whole`,
    next: 'free some space there, or merge fewer layers at a time: mkma layers merge FROM..TO',
  });
}

function notMergeable(why: string): Problem {
  return {
    code: 'layer-not-mergeable',
    what: 'the layers cannot be merged',
    why: `${why}; boots compose what they can of both`,
    next: 'merge those below and above by themselves: mkma layers merge FROM..TO',
  };
}

function metadataAlone(count: number): Problem {
  return {
    code: 'layer-not-mergeable',
    what: 'a file system cannot have the metadata of files alone',
    where: '--format erofs',
    why: `of ${count} ${count === 1 ? 'file' : 'files'} the layers have no content, which is below them`,
    next: 'leave out --format, or use --format cpio',
  };
}

interface ToWrite extends Planned {
  readonly sources: readonly Source[];
  /** Other images of the next boot. */
  readonly others: NextBoot;
  /** Bytes of RAM that the next boot needs as it is. */
  readonly now: number;
  readonly before: number;
  readonly notes: readonly string[];
}

function writeMerged(
  machine: RunningSystem,
  record: BootRecord,
  { folder, options, tell }: Work,
  { tree, plan, facts, format, level, sources, others, now, before, notes }: ToWrite,
): Result<MergedLayers> {
  const fits = (unpackedBytes: number, names: number): Result<number> => {
    const all = ramOf([...others, { name: 'merged', unpackedBytes }]);
    // It may take more than the old ones do, if those are file systems.
    return all <= now ? ok(all) : checkBudget(record, others, { unpackedBytes, names });
  };
  const names = plan.segments.reduce((sum, { records }) => sum + records.length, 0) + tree.deletions.length;
  const budget = format === 'cpio' ? fits(plan.unpackedBytes, names + tree.metadata.length) : ok(now);
  if (!budget.ok) return budget;
  const images = sources.map(({ image }) => image);
  const result = {
    ...{ merged: images.map(({ name }) => name), before, format, notes, warnings: [] },
    ...{ entries: tree.entries.length + tree.metadata.length, deletions: tree.deletions.length },
    ...{ unpackedBytes: plan.unpackedBytes, nextBoot: budget.value },
  };
  if (options.dryRun) return ok(result);
  const label = options.label ?? 'merged';
  const highest = images.at(-1) as LayerToMerge;
  const free = mergedName(machine.list(folder) ?? [], highest, label);
  if (free === undefined) return err(noName(highest));
  tell(`packing ${formatBytes(plan.bytes)}${format === 'erofs' ? ' as EROFS' : ''} at level ${level}`);
  const start = machine.uptime();
  const feed = feedOf(machine, tree.entries, sources);
  const pack = (target: string): Result<PackedLayer> => {
    const packing = { plan, view: folder, facts, level, format, target, feed, onProgress: () => undefined };
    const packed = packLayer(machine, packing);
    if (!packed.ok) return packed;
    const { manifest } = packed.value;
    const budget = fits(manifest.unpackedBytes, nameCount(manifest));
    if (!budget.ok) return budget;
    // The old ones go: what replaces them is read again, every byte.
    const stored = { ...{ name: free, file: target.slice(folder.length + 1), disabled: false }, format };
    const whole = verifyOne(machine, folder, { ...stored, bytes: packed.value.bytes, manifest });
    return whole.ok ? packed : whole;
  };
  const written = writeLayer(machine, { folder, nameOf: () => free, pack, before: () => undefined });
  if (!written.ok) return written;
  const { manifest, warnings, ...layer } = written.value;
  rememberMerged(machine, manifest);
  const files = images.map(({ file }) => file);
  // Too late for Ctrl-C: what it ends is done again.
  const once = removeFiles(machine, folder, files);
  const removed = once.ok ? once : removeFiles(machine, folder, files);
  const stored = openImages(machine, folder);
  if (stored.ok) rememberNextBoot(machine, nextBootOf(stored.value, record));
  tell(`merged in ${(machine.uptime() - start).toFixed(1)} s`);
  return ok({
    ...result,
    ...{ format: isErofs(manifest) ? 'erofs' : 'cpio', unpackedBytes: manifest.unpackedBytes },
    nextBoot: ramOf([...others, { name: 'merged', unpackedBytes: manifest.unpackedBytes }]),
    layer: { ...layer, id: manifest.id },
    warnings: [...warnings, ...(removed.ok ? [] : [`${removed.problem.what}: ${removed.problem.why ?? ''}`])],
  });
}

function noName({ file }: LayerToMerge): Problem {
  return {
    code: 'layer-not-mergeable',
    what: 'there is no name for the merged layer',
    where: file,
    why: 'it must sort directly above the highest of those that are merged, and no name does',
    next: 'rename the layer above them: mkma layers rename NAME LABEL',
  };
}
