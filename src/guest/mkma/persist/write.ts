/** Writes a layer to the medium: under a temporary name, flushed, and only then renamed. */

import { readImageInfo } from '../../../core/image/image.js';
import { isErofs, type LayerManifest } from '../../../core/image/manifest.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { layerFileName, nextLayerName } from '../../../core/set/layer-names.js';
import { quoteName } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { cannotWrite } from './assembly.js';
import { INTERRUPTED } from './interrupted.js';
import type { PackedLayer } from './packing.js';

/** Not the name of a layer; also the name of an incomplete one. The lock ensures that there is only one. */
const PART = '.mkma-persist.part';

export interface WrittenLayer {
  readonly layer: string;
  readonly file: string;
  readonly bytes: number;
  readonly manifest: LayerManifest;
  readonly warnings: readonly string[];
  /** Files that changed while they were read. */
  readonly changed: readonly string[];
}

export interface WriteOptions {
  readonly folder: string;
  readonly label?: string | undefined;
  /** The layer's name, given all files; by default the next one. */
  readonly nameOf?: (files: readonly string[]) => string;
  /** Fills the file, which exists and is empty. */
  readonly pack: (target: string) => Result<PackedLayer>;
  /** What to do before the file gets its name. */
  readonly before: (layer: string, packed: PackedLayer) => void;
}

/** Writes a new layer. On failure the folder is left as it was. */
export function writeLayer(machine: RunningSystem, options: WriteOptions): Result<WrittenLayer> {
  const { folder, label, pack, before } = options;
  const part = `${folder}/${PART}`;
  const refused = machine.makeFile(part);
  if (refused !== undefined) return err({ ...cannotWrite(refused), where: quoteName(folder) });
  let done = false;
  try {
    const packed = pack(part);
    if (!packed.ok) return packed;
    const { manifest, bytes, changed } = packed.value;
    const readable = readBack(machine, part, bytes);
    if (!readable.ok) return readable;
    const flushed = machine.run(['sync', part]);
    if (machine.interrupted()) return err(INTERRUPTED);
    if (flushed.code !== 0) return err(cannotWrite(flushed.stderr.trim()));
    const files = machine.list(folder) ?? [];
    const layer = options.nameOf?.(files) ?? nextLayerName(files, machine.now(), label);
    const file = layerFileName(layer, isErofs(manifest) ? 'erofs' : 'cpio');
    before(layer, packed.value);
    done = machine.rename(part, `${folder}/${file}`);
    if (!done) return err(cannotWrite(`cannot rename it to ${file}`));
    // From here on Ctrl-C comes too late: what it ends is done again.
    let named = machine.run(['sync', folder]);
    if (named.code !== 0) named = machine.run(['sync', folder]);
    if (named.code !== 0) return err(notFlushed(file, named.stderr.trim()));
    const mode = machine.info(`${folder}/${file}`)?.mode ?? 0;
    const warnings: string[] = [];
    if ((mode & 0o077) !== 0) {
      warnings.push('this file system has no permissions: anyone who can mount it can read the layer');
    }
    return ok({ layer, file, bytes, manifest, warnings, changed });
  } finally {
    if (!done) machine.run(['rm', '-f', part]);
  }
}

/** Checks that early boot will be able to read what was written, with its own reader. */
function readBack(machine: RunningSystem, path: string, bytes: number): Result<void> {
  const read = (at: number, length: number): Uint8Array =>
    machine.readAt(path, at, length) ?? new Uint8Array(0);
  const info = readImageInfo(read, bytes);
  if (info.ok && info.value.manifest !== undefined) return ok();
  const why = info.ok ? 'its manifest was not found' : `${info.problem.what}: ${info.problem.why ?? ''}`;
  return err({
    code: 'layer-unloadable',
    what: 'early boot could not load this layer',
    why,
    next: 'save less at a time, and exclude files with many or large attributes with --deselect; nothing was saved',
  });
}

function notFlushed(file: string, why: string): Problem {
  return {
    code: 'layer-uncertain',
    what: 'the layer is complete, but its name may be missing on the storage device',
    where: file,
    why,
    next: 'check that the device is still attached, see dmesg, then check that the file exists',
  };
}
