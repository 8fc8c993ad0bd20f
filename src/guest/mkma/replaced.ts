/**
 * Layers of this boot that were merged since: kept in RAM, since until the next boot the machine runs from
 * the old ones, and remembers its snapshots by their ids.
 */
import type { LayerManifest } from '../../core/image/manifest.js';
import type { StoredImage } from '../../core/set/stored.js';
import type { GuestSystem, RunningSystem } from '../system.js';

const FILE = '/run/mkma/merged.json';

/** Ids of layers, each with that of the layer that it was merged into. */
type Replaced = Readonly<Record<string, string>>;

function readReplaced(machine: GuestSystem): Replaced {
  const text = machine.readText(FILE);
  return text === undefined ? {} : (JSON.parse(text) as Replaced);
}

/** Records it, before the old files go. */
export function rememberMerged(machine: RunningSystem, { id, layer }: LayerManifest): void {
  const all = {
    ...readReplaced(machine),
    ...Object.fromEntries((layer.merged ?? []).map((one) => [one, id])),
  };
  // Without room for it, changes that were saved are listed again.
  if (machine.write(`${FILE}.part`, JSON.stringify(all))) machine.rename(`${FILE}.part`, FILE);
  else machine.run(['rm', '-f', `${FILE}.part`]);
}

/** Finds what the medium has of a layer of this boot, by its id: itself, or what it was merged into. */
export function carriers(
  machine: GuestSystem,
  layers: readonly StoredImage[],
): (id: string) => StoredImage | undefined {
  const replaced = readReplaced(machine);
  const byId = new Map(layers.flatMap((one) => (one.manifest === undefined ? [] : [[one.manifest.id, one]])));
  return (id) => {
    let found = byId.get(id);
    const seen = new Set<string>();
    for (let now = replaced[id]; now !== undefined && !seen.has(now); now = replaced[now]) {
      seen.add(now);
      found = byId.get(now) ?? found;
    }
    return found;
  };
}
