/** `mkma layers import`: layers from elsewhere, on top of those that are there. */
import type { BootRecord } from '../../../core/boot/record.js';
import { readImageInfo } from '../../../core/image/image.js';
import { nameCount } from '../../../core/image/manifest.js';
import { emptyImage, unreadable, wrongKind } from '../../../core/image/problems.js';
import { watchReads } from '../../../core/image/reads.js';
import { isIdentity } from '../../../core/layers/identity.js';
import { type FoundLayer, type PlannedImport, planImport } from '../../../core/layers/import.js';
import { nextBootOf } from '../../../core/layers/next-boot.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { disabledLayerName, layerName } from '../../../core/set/layer-names.js';
import { unreadableFile } from '../../../core/set/stored.js';
import { quoteName } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { RunningSystem } from '../../system.js';
import { openImages, withImages } from '../images-folder.js';
import { rememberNextBoot } from '../next-boot.js';
import { unlessInterrupted } from '../persist/interrupted.js';
import { checkBudget } from '../persist/medium.js';
import type { Answer } from '../session.js';
import { checkCopyRoom, copyImage } from './copy.js';
import { HALF, unverifiable } from './export.js';
import { verifyOne } from './verify.js';

/** Copies the layers in these files into the images folder. The caller holds the lock. */
export function importLayers(
  machine: RunningSystem,
  record: BootRecord,
  paths: readonly string[],
): Result<Answer> {
  machine.outliveInterrupts();
  return unlessInterrupted(
    machine,
    () => {
      const found: FoundLayer[] = [];
      for (const path of paths) {
        const one = findFile(machine, path);
        if (!one.ok) return one;
        found.push(one.value);
      }
      const looked = withImages(machine, record, 'read', (folder) => plan(machine, record, folder, found));
      if (!looked.ok) return looked;
      return withImages(machine, record, 'write', (folder) => {
        const planned = plan(machine, record, folder, found);
        if (!planned.ok) return planned;
        for (const { path, image, file } of planned.value.layers) {
          const copied = copyImage(machine, path, image, { folder, file, replace: false });
          if (!copied.ok) return copied;
        }
        const now = openImages(machine, record, folder);
        if (now.ok) rememberNextBoot(machine, nextBootOf(now.value, record));
        return ok(answer(planned.value));
      });
    },
    HALF,
  );
}

function answer({ layers, warnings }: PlannedImport): Answer {
  const imported = layers.map(({ layer, file, path, image }) => ({
    layer,
    file,
    from: path,
    bytes: image.bytes,
  }));
  const lines = () => [
    ...warnings.map((warning) => `warning: ${warning}`),
    ...imported.map(
      ({ from, file, bytes }) => `imported ${quoteName(from)} as ${quoteName(file)}, ${formatBytes(bytes)}`,
    ),
  ];
  return { value: { imported, warnings }, lines };
}

/** Everything that is checked before anything is written. */
function plan(
  machine: RunningSystem,
  record: BootRecord,
  folder: string,
  found: readonly FoundLayer[],
): Result<PlannedImport> {
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const planned = planImport(stored.value, machine.list(folder) ?? [], found, record, machine.now());
  if (!planned.ok) return planned;
  const sum = (of: (layer: FoundLayer) => number): number => found.reduce((all, one) => all + of(one), 0);
  const room = checkCopyRoom(
    machine,
    folder,
    sum(({ image }) => image.bytes),
  );
  if (!room.ok) return room;
  // What is left out takes nothing.
  const names = new Set(planned.value.layers.map(({ layer }) => layer));
  const added = planned.value.nextBoot.filter(({ name }) => names.has(name)).length;
  if (added === 0) return planned;
  const budget = checkBudget(record, nextBootOf(stored.value, record), {
    unpackedBytes: sum(({ image }) => image.manifest.unpackedBytes),
    names: sum(({ image }) => nameCount(image.manifest)),
  });
  return budget.ok ? planned : budget;
}

/** A file, of which every byte was compared with its manifest. */
function findFile(machine: RunningSystem, path: string): Result<FoundLayer> {
  const shown = quoteName(path);
  const info = machine.info(path);
  if (info?.kind !== 'file') {
    const why =
      info === undefined ? 'it does not exist, or its path is not readable' : 'it is not a regular file';
    return err(unreadable(shown, why, 'name the file of a layer'));
  }
  if (info.size === 0) return err(emptyImage(shown, 'copy it again'));
  const slash = path.lastIndexOf('/');
  const [folder, file] = slash < 0 ? ['.', path] : [path.slice(0, slash) || '/', path.slice(slash + 1)];
  const { read, failed } = watchReads(info.size, (at, length) => machine.readAt(path, at, length));
  const found = readImageInfo(read, info.size);
  if (failed()) return err(unreadableFile(shown));
  if (!found.ok) return err({ where: shown, ...found.problem });
  const { manifest, format } = found.value;
  if (manifest === undefined) return err(unverifiable(path));
  if (manifest.kind !== 'layer') {
    return err(wrongKind('layer', shown, 'its manifest says it is a base', 'copy a base with mkma build'));
  }
  const name = layerName(file) ?? disabledLayerName(file) ?? file.replace(/\.(cpio\.zst|erofs)$/, '');
  const image = { name, file, bytes: info.size, disabled: false, format, manifest };
  if (isIdentity(image)) return err(identityThere(shown));
  const whole = verifyOne(machine, folder, image);
  return whole.ok ? ok({ path, image }) : whole;
}

function identityThere(where: string): Problem {
  return {
    code: 'layer-of-identity',
    what: 'the layer says who another machine is, or this one was',
    where,
    why: 'a machine has one identity, which is replaced and not stacked',
    next: 'copy it into the images folder by hand if this is that machine',
  };
}
