/** Composes accounts and packages of loaded layers, and leaves out those that cannot be applied. */
import type { LeftOut, LoadedImage } from '../../core/boot/record.js';
import type { Records } from '../../core/records/records.js';
import type { GuestSystem } from '../system.js';
import { bugProblem } from './bug.js';
import { withProblem } from './choose-layers.js';
import { type Composed, composeLayers } from './compose.js';
import { LAYERS } from './folders.js';
import type { LoadedLayers } from './layers.js';
import type { Undo } from './undo.js';

export interface ComposedLayers extends Pick<Composed, 'files' | 'warnings'> {
  readonly images: readonly LoadedImage[];
  readonly leftOut: readonly LeftOut[];
}

export function composeLoaded(machine: GuestSystem, loaded: LoadedLayers, undo: Undo): ComposedLayers {
  const { files, renumbered, warnings, failed } = tryCompose(machine, loaded, undo);
  const leftOut: LeftOut[] = [...loaded.leftOut];
  for (const { image, fileSystem } of loaded.applied) {
    const problem = failed.get(image.layer);
    if (problem === undefined) continue;
    const folder = `${LAYERS}/${image.layer}`;
    // Nothing is removed across a mount: a failed boot would follow.
    machine.run(['umount', folder]);
    undo.drop(['umount', folder]);
    machine.run(fileSystem === undefined ? ['rm', '-rf', folder] : ['rmdir', folder]);
    leftOut.push(withProblem(image, problem));
  }
  const images = loaded.images
    .filter(({ layer = '' }) => !failed.has(layer))
    .map((image) => {
      const moved = renumbered.get(image.layer ?? '');
      return moved === undefined ? image : { ...image, renumbered: moved };
    });
  return { images, leftOut, files, warnings };
}

/** A bug costs what could not be composed, not the machine. */
function tryCompose(machine: GuestSystem, { applied }: LoadedLayers, undo: Undo): Composed {
  try {
    return composeLayers(machine, applied, undo);
  } catch (bug) {
    const problem = bugProblem(bug);
    const others = applied.filter(({ onKnown, manifest }) => !onKnown && matters(manifest?.records));
    return {
      files: [],
      renumbered: new Map(),
      warnings: [],
      failed: new Map(others.map(({ image }) => [image.layer, problem])),
    };
  }
}

/** Whether a layer has accounts or packages, or files of accounts. */
function matters(records: Records | undefined): boolean {
  const { users = {}, groups = {} } = records?.owners ?? {};
  return records?.own !== undefined || Object.keys(users).length + Object.keys(groups).length > 0;
}
