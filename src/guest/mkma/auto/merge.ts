/** Merges the automatic layers that have grown old, as the settings say. */
import { AUTO_LABEL, isAutomatic, mergesDue } from '../../../core/auto/merging.js';
import type { AutoSettings } from '../../../core/auto/settings.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { chosenLayers } from '../../../core/layers/next-boot.js';
import { replacedIn } from '../../../core/layers/replaced.js';
import { problemLine } from '../../../core/result.js';
import type { StoredImages } from '../../../core/set/stored.js';
import type { RunningSystem } from '../../system.js';
import { openImages, withImages } from '../images-folder.js';
import { mergeLayers } from '../layers/merge/merge.js';

/** What was merged, in lines for the log, and what could not be. The lock is held by the caller. */
export interface AgedMerges {
  readonly merged: readonly string[];
  readonly warnings: readonly string[];
}

export function mergeAged(
  machine: RunningSystem,
  record: BootRecord,
  settings: AutoSettings,
  tell: (line: string) => void,
): AgedMerges {
  if (!settings.merge) return { merged: [], warnings: [] };
  const stored = withImages(machine, record, 'read', (folder) => openImages(machine, record, folder));
  if (!stored.ok) return { merged: [], warnings: [problemLine(stored.problem)] };
  const merged: string[] = [];
  const warnings: string[] = [];
  for (const range of mergesDue(datedLayers(stored.value), settings, machine.now())) {
    const done = mergeLayers(machine, record, range, { dryRun: false, label: AUTO_LABEL }, tell);
    if (done.ok) {
      const { merged: names, layer, warnings: more } = done.value;
      if (layer !== undefined) merged.push(`merged ${names.length} layers into ${layer.file}`);
      warnings.push(...more);
    } else {
      warnings.push(problemLine(done.problem));
      if (done.problem.kind === 'interrupted') break;
    }
  }
  return { merged, warnings };
}

function datedLayers(stored: StoredImages): Parameters<typeof mergesDue>[0] {
  const usable = new Set(chosenLayers(stored));
  const replaced = replacedIn(stored);
  return stored.layers
    .filter((layer) => !replaced.has(layer))
    .map((layer) => {
      const { name, manifest } = layer;
      const automatic = usable.has(layer) && manifest !== undefined && isAutomatic(name);
      return { name, automatic, saved: Date.parse(manifest?.created ?? '') || 0 };
    });
}
