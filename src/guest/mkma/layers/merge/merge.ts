/**
 * `mkma layers merge`: several neighbouring layers become one, which shows the same. The old ones go only
 * once the new one lies whole on the medium; while both are there, the new one, directly above, covers them.
 */
import type { BootRecord } from '../../../../core/boot/record.js';
import { layersToMerge } from '../../../../core/layers/merge/range.js';
import { nextBootOf, ramOf } from '../../../../core/layers/next-boot.js';
import { replacedIn } from '../../../../core/layers/replaced.js';
import { ok, type Result } from '../../../../core/result.js';
import { formatBytes } from '../../../../core/text/size.js';
import type { RunningSystem } from '../../../system.js';
import { openImages, withImages } from '../../images-folder.js';
import { checkTools } from '../../persist/format.js';
import { unlessInterrupted } from '../../persist/interrupted.js';
import { verifyOne } from '../verify.js';
import type { MergedLayers, MergeOptions, Work } from './options.js';
import { planMerge } from './plan.js';
import { withSources } from './sources.js';
import { removeFiles, writeMerged } from './write.js';

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
    const stored = openImages(machine, record, folder);
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
    const cleaned = options.dryRun ? ok() : removeReplaced(machine, record, folder);
    return cleaned.ok ? mergeIn(machine, record, { folder, words, options, tell }) : cleaned;
  };
  return unlessInterrupted(machine, () => withImages(machine, record, mode, work), 'nothing was merged');
}

function nothing(notes: readonly string[]): MergedLayers {
  const none = { merged: [], before: 0, entries: 0, deletions: 0, unpackedBytes: 0, nextBoot: 0 };
  return { ...none, format: 'cpio', notes, warnings: [] };
}

/** Removes files of layers that an interrupted merge has left, if the layer that has all of them is whole. */
function removeReplaced(machine: RunningSystem, record: BootRecord, folder: string): Result<void> {
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const replaced = replacedIn(stored.value);
  for (const by of new Set(replaced.values())) {
    const whole = verifyOne(machine, folder, by);
    if (!whole.ok) return whole;
  }
  const files = [...replaced.keys()].map(({ file }) => file);
  return files.length === 0 ? ok() : removeFiles(machine, folder, files);
}

function mergeIn(machine: RunningSystem, record: BootRecord, work: Work): Result<MergedLayers> {
  const { folder, words, tell } = work;
  const stored = openImages(machine, record, folder);
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
