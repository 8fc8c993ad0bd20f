/** `mkma layers export`: copies of layers, out of the images folder. */
import type { BootRecord } from '../../../core/boot/record.js';
import { isIdentity } from '../../../core/layers/identity.js';
import { findLayer } from '../../../core/layers/name.js';
import { err, ok, type Problem, type Result, usage } from '../../../core/result.js';
import type { StoredImage, StoredImages } from '../../../core/set/stored.js';
import { parentOf, quoteName } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { RunningSystem } from '../../system.js';
import { openImages, withImages } from '../images-folder.js';
import { unlessInterrupted } from '../persist/interrupted.js';
import type { Answer } from '../session.js';
import { type CopyTarget, checkCopyRoom, copyImage } from './copy.js';
import { verifyOne } from './verify.js';

export interface ExportOptions {
  /** Replace files. */
  readonly force: boolean;
  /** Include layers that say who the machine is. */
  readonly identity: boolean;
}

/** What becomes of copying when it is interrupted. */
export const HALF = 'copies that were not complete were removed';

/** A copy that was made. */
interface Exported {
  readonly layer: string;
  readonly file: string;
  readonly bytes: number;
}

/** Copies the layers of these names, or all that are enabled, to a folder or, if it is one, to a file. */
export function exportLayers(
  machine: RunningSystem,
  record: BootRecord,
  { names, target }: { readonly names: readonly string[]; readonly target: string },
  options: ExportOptions,
): Result<Answer> {
  machine.outliveInterrupts();
  const work = (folder: string): Result<Answer> => {
    const stored = openImages(machine, record, folder);
    if (!stored.ok) return stored;
    const chosen = chooseLayers(stored.value, names, options);
    if (!chosen.ok) return chosen;
    const { layers, left } = chosen.value;
    const targets = targetsOf(machine, layers, target, options.force);
    if (!targets.ok) return targets;
    const room = checkCopyRoom(
      machine,
      targets.value[0]?.folder ?? '.',
      layers.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    if (!room.ok) return room;
    for (const layer of layers) {
      const whole = verifyOne(machine, folder, layer);
      if (!whole.ok) return whole;
    }
    const exported: Exported[] = [];
    for (const [i, layer] of layers.entries()) {
      const to = targets.value[i] as CopyTarget;
      const copied = copyImage(machine, `${folder}/${layer.file}`, layer, to);
      if (!copied.ok) return copied;
      exported.push({ layer: layer.name, file: `${to.folder}/${to.file}`, bytes: layer.bytes });
    }
    return ok(answer(exported, left));
  };
  return unlessInterrupted(machine, () => withImages(machine, record, 'read', work), HALF);
}

function answer(exported: readonly Exported[], left: readonly string[]): Answer {
  const value = { exported, leftOut: left };
  const lines = () => [
    ...exported.map(
      ({ layer, file, bytes }) => `exported ${quoteName(layer)} as ${quoteName(file)}, ${formatBytes(bytes)}`,
    ),
    ...left.map(
      (name) => `left out ${quoteName(name)}, which says who this machine is; --identity includes it`,
    ),
    ...(exported.length === 0 ? ['nothing to export'] : []),
  ];
  return { value, lines };
}

/** The layers, and the names of those that are left out since nobody named them. */
function chooseLayers(
  stored: StoredImages,
  names: readonly string[],
  { identity }: ExportOptions,
): Result<{ readonly layers: readonly StoredImage[]; readonly left: readonly string[] }> {
  const layers: StoredImage[] = [];
  for (const name of names) {
    const found = findLayer(stored, name);
    if (!found.ok) return found;
    if (isIdentity(found.value) && !identity) return err(ofIdentity(found.value));
    if (!layers.includes(found.value)) layers.push(found.value);
  }
  const all = names.length > 0 ? layers : stored.layers.filter(({ disabled }) => !disabled);
  const kept = all.filter((layer) => identity || !isIdentity(layer));
  const bad = kept.find(({ manifest, problem }) => manifest === undefined || problem !== undefined);
  if (bad !== undefined) return err(bad.problem ?? unverifiable(bad.file));
  return ok({ layers: kept, left: all.filter((one) => !kept.includes(one)).map(({ name }) => name) });
}

function ofIdentity({ file, name }: StoredImage): Problem {
  return {
    code: 'layer-of-identity',
    what: 'the layer says who this machine is',
    where: file,
    why: 'machines that share it are taken for one: keys, addresses, logs',
    next: `leave it out, or if the copy is for this machine: mkma layers export --identity ${quoteName(name)} ...`,
  };
}

/** Of a file without a manifest. */
export function unverifiable(where: string): Problem {
  return {
    code: 'layer-unverifiable',
    what: 'nothing shows whether the layer is whole',
    where: quoteName(where),
    why: 'it has no manifest of mkma',
    next: 'copy it by hand',
  };
}

/** The path of each copy. */
function targetsOf(
  machine: RunningSystem,
  layers: readonly StoredImage[],
  target: string,
  force: boolean,
): Result<CopyTarget[]> {
  const isFolder = machine.info(target)?.kind === 'directory';
  if (!isFolder && (layers.length > 1 || target.endsWith('/'))) {
    return usage({
      code: 'arguments-invalid',
      what: 'there is no such folder',
      where: quoteName(target),
      next: 'create it, or name one layer and a file',
    });
  }
  const above = target.includes('/') ? parentOf(target) || '/' : '.';
  const targets = layers.map(({ file }) =>
    isFolder
      ? { folder: target.replace(/(?<=.)\/+$/, ''), file: file.replace(/\.disabled$/, ''), replace: force }
      : { folder: above, file: target.slice(target.lastIndexOf('/') + 1), replace: force },
  );
  const there = targets.find(({ folder, file }) => machine.info(`${folder}/${file}`) !== undefined);
  if (there === undefined || force) return ok(targets);
  return err({
    code: 'file-exists',
    what: 'the file exists',
    where: quoteName(`${there.folder}/${there.file}`),
    next: 'name another one, or replace it with --force',
  });
}
