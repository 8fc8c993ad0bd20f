/** The accounts and packages below each layer, and whether it was made on those. */
import { PARAM } from '../../core/contract.js';
import type { Manifest } from '../../core/image/manifest.js';
import { type Fit, fitOf, type RecordState, stacked } from '../../core/records/records.js';
import { quoteName } from '../../core/text/path.js';
import { recordsIn } from '../records.js';
import type { GuestSystem } from '../system.js';
import { BASE, LAYERS } from './folders.js';
import type { LayerImage } from './images.js';
import type { ImageContent } from './ram.js';
import { say } from './say.js';
import type { Settings } from './settings.js';

/** A layer to apply. */
export interface ChosenLayer extends ImageContent {
  readonly image: LayerImage;
}

/** One that is applied. `opaque`: its folders that hide what is below, if its manifest does not list them. */
export interface AppliedLayer extends ChosenLayer {
  readonly opaque?: readonly string[] | undefined;
}

/**
 * Tracks accounts and packages as the view has them at each height. What no manifest records is read from the
 * unpacked files, and only if a layer is judged by it.
 */
export function watchRecords(
  machine: GuestSystem,
  { layers }: Settings,
  base: Manifest | undefined,
  chosen: readonly ChosenLayer[],
) {
  const any = chosen.some(({ manifest }) => manifest?.records !== undefined);
  let state: RecordState = { files: {} };
  const add = (what: string, of: () => RecordState): void => {
    let records: RecordState | undefined;
    try {
      records = of();
    } catch (bug) {
      const { message } = bug as Error;
      say(machine, `warning: cannot read the accounts and packages of ${what}: ${message}`);
    }
    state = stacked(state, records);
  };
  if (any) add('the base', () => base?.records ?? recordsIn(machine, BASE, 'base'));
  return {
    /** How it is now, to be restored. */
    state: () => state,
    restore(earlier: RecordState): void {
      state = earlier;
    },
    fit({ image, manifest }: ChosenLayer): Fit {
      const records = manifest?.records;
      if (records === undefined) return { warnings: [] };
      const fit = fitOf({ name: image.layer, file: image.shown, records }, state);
      if (fit.problem === undefined || !layers.forced.includes(image.layer)) return fit;
      const { what, why } = fit.problem;
      return { warnings: [`${what}; applied anyway, as ${PARAM.layers} requests: ${why}`] };
    },
    add({ image, manifest, opaque: found = [] }: AppliedLayer): void {
      if (!any) return;
      const opaque = manifest?.kind === 'layer' ? manifest.layer.opaque : found;
      add(
        quoteName(image.layer),
        () => manifest?.records ?? recordsIn(machine, `${LAYERS}/${image.layer}`, 'layer', opaque),
      );
    },
  };
}
