/** Writes a merged layer, and removes those that it replaces. */
import type { BootRecord } from '../../../../core/boot/record.js';
import { isErofs, nameCount } from '../../../../core/image/manifest.js';
import { mergedName } from '../../../../core/layers/merge/name.js';
import type { LayerToMerge } from '../../../../core/layers/merge/range.js';
import { type NextBoot, nextBootOf, ramOf } from '../../../../core/layers/next-boot.js';
import { err, ok, type Problem, problemLine, type Result } from '../../../../core/result.js';
import { quoteName } from '../../../../core/text/path.js';
import { formatBytes } from '../../../../core/text/size.js';
import type { RunningSystem } from '../../../system.js';
import { openImages } from '../../images-folder.js';
import { rememberNextBoot } from '../../next-boot.js';
import { checkBudget } from '../../persist/medium.js';
import { packLayer } from '../../persist/pack.js';
import type { PackedLayer } from '../../persist/packing.js';
import { writeLayer } from '../../persist/write.js';
import { rememberMerged } from '../../replaced.js';
import { verifyOne } from '../verify.js';
import { feedOf } from './feed.js';
import type { MergedLayers, Work } from './options.js';
import type { Planned } from './plan.js';
import type { Source } from './sources.js';

interface ToWrite extends Planned {
  readonly sources: readonly Source[];
  /** Other images of the next boot. */
  readonly others: NextBoot;
  /** Bytes of RAM that the next boot needs as it is. */
  readonly now: number;
  readonly before: number;
  readonly notes: readonly string[];
}

export function writeMerged(
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
  const stored = openImages(machine, record, folder);
  if (stored.ok) rememberNextBoot(machine, nextBootOf(stored.value, record));
  tell(`merged in ${(machine.uptime() - start).toFixed(1)} s`);
  return ok({
    ...result,
    ...{ format: isErofs(manifest) ? 'erofs' : 'cpio', unpackedBytes: manifest.unpackedBytes },
    nextBoot: ramOf([...others, { name: 'merged', unpackedBytes: manifest.unpackedBytes }]),
    layer: { ...layer, id: manifest.id },
    warnings: [...warnings, ...(removed.ok ? [] : [problemLine(removed.problem)])],
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

/** Removes files, and flushes the folder. */
export function removeFiles(machine: RunningSystem, folder: string, files: readonly string[]): Result<void> {
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
