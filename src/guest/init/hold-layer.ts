/** Loads a layer that is a file system: mounted where others are unpacked. */
import type { LoadedImage } from '../../core/boot/record.js';
import { ok, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import { formatBytes } from '../../core/text/size.js';
import { toHundredths } from '../../core/text/time.js';
import type { GuestSystem } from '../system.js';
import { holdFileSystem } from './hold.js';
import type { LayerImage } from './images.js';
import { loadedImage } from './load.js';
import type { Unpacked } from './load-image.js';
import { readMarks } from './marks.js';
import { checkMountPoints } from './mount-points.js';
import { shrinkRam } from './ram.js';
import { say } from './say.js';
import type { Undo } from './undo.js';
import type { ChosenLayer } from './watch-records.js';

/** The result of loading a layer. */
export interface LoadedLayer {
  readonly image: LoadedImage;
  /** Of one without a manifest: its folders that hide what is below them. */
  readonly opaque?: readonly string[];
}

/** Mounts it on `folder`, which is created, and is no mount point afterwards if anything fails. */
export function holdLayer(
  machine: GuestSystem,
  layer: ChosenLayer,
  folder: string,
  warnings: readonly string[],
  undo: Undo,
): Result<LoadedLayer> {
  const start = machine.uptime();
  const { image, manifest, fileSystem: bytes = 0 } = layer;
  let opaque: readonly string[] | undefined;
  // Whoever made one without a manifest may have left marks of another overlay in it.
  const check = (file: string): Result<void> => {
    const marks = readMarks(machine, image, file, bytes);
    if (!marks.ok) return marks;
    opaque = marks.value;
    return ok();
  };
  const checks = manifest === undefined ? { check } : {};
  let done = false;
  try {
    const held = holdFileSystem(machine, image, layer, { folder, kind: 'layer', ...checks }, undo);
    if (!held.ok) return held;
    const fit = checkMountPoints(machine, image, folder);
    if (!fit.ok) return fit;
    shrinkRam(machine, bytes);
    done = true;
    const seconds = machine.uptime() - start;
    sayLoaded(machine, image, { bytes, warnings }, seconds, manifest !== undefined);
    const { checked } = held.value;
    const made: LoadedImage = {
      ...loadedImage('layer', image, manifest, { bytes, warnings }, seconds),
      format: 'erofs',
      ...(checked === undefined ? {} : { checkSeconds: toHundredths(checked) }),
    };
    return ok(opaque === undefined ? { image: made } : { image: made, opaque });
  } finally {
    if (!done) {
      // It may not be mounted yet.
      machine.run(['umount', '-l', folder]);
      undo.drop(['umount', folder]);
    }
  }
}

/** Reports a layer. */
export function sayLoaded(
  machine: GuestSystem,
  { layer }: LayerImage,
  { bytes, warnings }: Unpacked,
  seconds: number,
  verified: boolean,
): void {
  const unverified = verified ? '' : ', unverified: it has no manifest';
  say(machine, `layer ${quoteName(layer)}: ${formatBytes(bytes)} in ${seconds.toFixed(1)} s${unverified}`);
  for (const warning of warnings) say(machine, `  warning: ${warning}`);
}
