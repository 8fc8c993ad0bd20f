/** What a merged layer has, in which form, and whether there is room for it. */
import type { BootRecord } from '../../../../core/boot/record.js';
import type { ImageFormat } from '../../../../core/contract.js';
import { remakeOfMerged } from '../../../../core/derived/mark.js';
import { type Plan, planArchive } from '../../../../core/image/archive-plan.js';
import { idsOf, type LayerFacts } from '../../../../core/image/manifest.js';
import { treeToPack } from '../../../../core/layers/merge/contents.js';
import { mergeRecords } from '../../../../core/layers/merge/records.js';
import { renumbered } from '../../../../core/layers/merge/renumber.js';
import { withoutStale } from '../../../../core/layers/merge/stale.js';
import { type MergedTree, mergeTrees } from '../../../../core/layers/merge/tree.js';
import { showPath } from '../../../../core/overlay/change-list.js';
import { INFO, installedIn, STATUS } from '../../../../core/records/packages.js';
import type { Records } from '../../../../core/records/records.js';
import { err, ok, type Problem, type Result } from '../../../../core/result.js';
import { isWithin } from '../../../../core/text/path.js';
import { formatBytes } from '../../../../core/text/size.js';
import { processors } from '../../../processors.js';
import { digestOf } from '../../../records.js';
import type { RunningSystem } from '../../../system.js';
import { rootOf } from '../../merged.js';
import { defaultFormat } from '../../persist/format.js';
import type { LayerFactsOf } from '../../persist/layer-manifest.js';
import { levelFor } from '../../persist/level.js';
import { measureFileSystem } from '../../room.js';
import { VERSION } from '../../version.js';
import type { Work } from './options.js';
import { digestOfContent, follows, type Source } from './sources.js';

export interface Planned {
  readonly tree: MergedTree;
  readonly records: Records;
  readonly plan: Plan;
  readonly texts: ReadonlyMap<string, string>;
  readonly facts: LayerFactsOf;
  readonly format: ImageFormat;
  readonly level: number;
}

/** What to write, or why not. */
export function planMerge(
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
        emptied: image.manifest.layer.emptied ?? [],
      },
    })),
  );
  const root = rootOf(machine);
  const shown = withoutStale(numbered.sources, {
    names: installedIn(machine.readText(`${root}/${STATUS}`) ?? ''),
    listOf: (name) => machine.readText(`${root}/${INFO}/${name}.list`) ?? '',
  });
  const tree = mergeTrees(
    shown.sources.map((source) => source.tree),
    (metadata, { source, entry }, i) => {
      if (entry.size !== metadata.size) return false;
      if (linked.slice(source + 1, i + 1).every(Boolean)) return true;
      return digestOfContent(machine, sources[source] as Source, entry) === metadata.sha256;
    },
    new Set(shown.sources.flatMap(({ emptied }) => emptied)),
  );
  const [conflict] = tree.conflicts;
  if (conflict !== undefined) {
    return err(
      notMergeable(`two of them have the metadata of ${showPath(conflict)}, for different contents`),
    );
  }
  const [hidden] = shown.hidden;
  if (hidden !== undefined) {
    return err(notMergeable(`one deletes ${showPath(hidden)}, of a package that it has not seen`));
  }
  const merged = mergeRecords(shown.sources, tree);
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
  const kept = new Set([...deletions, ...opaque]);
  const emptied = sources.flatMap(({ image }, i) => {
    const inOthers = (path: string): boolean =>
      sources.some(
        ({ tree: own, image: other }, j) =>
          j !== i &&
          // What lower ones delete in it is no longer known once it is deleted.
          [...own.whiteouts, ...own.opaque].some((one) => one === path || (j < i && isWithin(one, path))) &&
          other.manifest.layer.emptied?.includes(path) !== true,
      );
    return (image.manifest.layer.emptied ?? []).filter((path) => kept.has(path) && !inOthers(path));
  });
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
    ...(emptied.length === 0 ? {} : { emptied: [...new Set(emptied)] }),
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
