/** The state of the medium before a snapshot, and whether the next boot has room for one more layer. */
import type { BootRecord } from '../../../core/boot/record.js';
import { MOST_LAYERS, PARAM, RAM_HEADROOM } from '../../../core/contract.js';
import { tooMany } from '../../../core/layers/change.js';
import {
  chosenLayers,
  type ImageToLoad,
  lackOf,
  manyLayers,
  type NextBoot,
  nextBootOf,
  ramOf,
} from '../../../core/layers/next-boot.js';
import type { SavedSnapshot } from '../../../core/overlay/snapshot.js';
import { err, ok, type Result } from '../../../core/result.js';
import { ALL_LAYERS } from '../../../core/set/layer-names.js';
import type { StoredImage, StoredImages } from '../../../core/set/stored.js';
import { quoteName, sortByName } from '../../../core/text/path.js';
import { mebibytes } from '../../../core/text/size.js';
import type { RunningSystem } from '../../system.js';
import { openImages } from '../images-folder.js';
import { carriers } from '../replaced.js';
import { readSaved } from './saved.js';

export interface Medium {
  /** Id of the base; absent if there is none, or none with a manifest. */
  readonly base?: string;
  /** Snapshots of this boot that exist, in the order in which they were made. */
  readonly saved: readonly SavedSnapshot[];
  /** Id of the highest layer that this boot has applied or made: the new one is made after it. */
  readonly after?: string;
  readonly nextBoot: NextBoot;
  /** Whether the next boot applies a layer that is made now. */
  readonly takesNew: boolean;
  readonly warnings: readonly string[];
  /** A hint that has nothing to do with what is saved. */
  readonly hint?: string;
  /** Images on the medium. */
  readonly stored: StoredImages;
}

/** Reads the images folder. */
export function readMedium(machine: RunningSystem, record: BootRecord, folder: string): Result<Medium> {
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const there = stored.value;
  const usable = there.layers.filter(({ disabled, problem }) => !disabled && problem === undefined);
  const carrier = carriers(machine, usable);
  // A damaged or replaced file contains nothing of this boot.
  const saved = readSaved(machine).filter(({ id }) => carrier(id) !== undefined);
  const after = lastOf(record, saved, carrier);
  const { selection = ALL_LAYERS } = there;
  const leftOut = `${PARAM.layers} of this boot lists the layers to apply: boots with the same value leave out the new one`;
  const base = there.base?.manifest?.id;
  const many = manyLayers(chosenLayers(there).length);
  return ok({
    ...(base === undefined ? {} : { base }),
    saved,
    ...(after === undefined ? {} : { after }),
    nextBoot: nextBootOf(there, record),
    takesNew: selection.others,
    ...(many.hint === undefined ? {} : { hint: many.hint }),
    warnings: [
      ...warningsOf(record, there, carrier),
      ...(many.warning === undefined ? [] : [many.warning]),
      ...(selection.others ? [] : [leftOut]),
    ],
    stored: there,
  });
}

/** Finds what has the content of a layer of this boot, by its id. */
type Carrier = (id: string) => StoredImage | undefined;

/** Whatever became of its file: early boot warns if it is not below. */
function lastOf(
  { images }: BootRecord,
  saved: readonly SavedSnapshot[],
  carrier: Carrier,
): string | undefined {
  const found = (id: string | undefined, file: string) => {
    const there = id === undefined ? undefined : carrier(id);
    return there === undefined ? { file, id } : { file: there.file, id: there.manifest?.id };
  };
  const layers = [
    ...images
      .filter(({ kind, identity }) => kind === 'layer' && identity === undefined)
      .map(({ file, id }) => found(id, file.slice(file.lastIndexOf('/') + 1))),
    ...saved.map(({ id }) => found(id, '')),
  ];
  return sortByName(layers, ({ file }) => file).at(-1)?.id;
}

/** Checks that the next boot can take one more layer, if it takes new ones at all. */
export function checkCount({ stored, takesNew }: Medium): Result<void> {
  const { length } = chosenLayers(stored);
  if (!takesNew || length < MOST_LAYERS) return ok();
  const { next, ...problem } = tooMany(length);
  return err({ ...problem, next: `${next}; nothing was saved` });
}

/** Checks that the medium is the one that was read before: the choice took time. */
export function checkSameMedium(before: Medium, now: Medium): Result<void> {
  const known = (medium: Medium): string => [medium.base, ...medium.saved.map(({ id }) => id)].join();
  if (known(before) === known(now)) return ok();
  return err({
    code: 'storage-changed',
    what: 'the storage device changed since it was read',
    why: 'it has another base, or a snapshot of this boot is missing',
    next: 'check that the right medium is attached, and run mkma persist again; nothing was saved',
  });
}

function warningsOf(record: BootRecord, stored: StoredImages, carrier: Carrier): string[] {
  const { base, layers } = stored;
  const warnings = [...(base?.beside ?? [])];
  if (base === undefined) {
    warnings.push(
      record.layersStorage === undefined
        ? 'the medium no longer has a base: nothing boots without one'
        : `the base is not on ${quoteName(record.storage.asked)}, or that is not attached: what layers were made on is not checked`,
    );
  } else if (base.manifest?.id !== record.images.find(({ kind }) => kind === 'base')?.id) {
    warnings.push(
      'the base on the medium is not the one this machine runs from: the layer belongs to the latter',
    );
  }
  for (const { layer, id, identity } of record.images) {
    if (id !== undefined && carrier(id) !== undefined) continue;
    // It may have been replaced.
    if (identity !== undefined) continue;
    if (layer !== undefined && !layers.some(({ name, disabled }) => name === layer && !disabled)) {
      warnings.push(
        `the layer ${quoteName(layer)}, which this machine runs from, is missing on the medium or disabled`,
      );
    }
  }
  return warnings;
}

/**
 * Checks that a machine like this one at boot can load the images of the next one, and one more. Returns the
 * bytes of all.
 */
export function checkBudget(
  record: BootRecord,
  nextBoot: NextBoot,
  added: Required<Pick<ImageToLoad, 'unpackedBytes' | 'names'>>,
): Result<number> {
  const images = [...nextBoot, { name: 'new', ...added }];
  const needed = ramOf(images);
  const lack = lackOf(images, record);
  if (lack === undefined) return ok(needed);
  const takes =
    `the images would take ${mebibytes(needed)} MiB, ${mebibytes(added.unpackedBytes)} MiB of them for what you save, ` +
    `and the running system needs ${mebibytes(RAM_HEADROOM)} MiB`;
  const what = 'the next boot would not have room for this';
  if (lack.fileSystem === 0) {
    return err({
      code: 'ram-too-small',
      what,
      where: `RAM, of which this boot started with ${mebibytes(record.availableBytes ?? 0)} MiB`,
      why: `${takes}; with kernel memory for so many files, that is ${mebibytes(lack.ram)} MiB too much`,
      next: 'save less, remove a layer, or give the machine more RAM',
    });
  }
  return err({
    code: 'ram-too-small',
    what,
    where: `${PARAM.size}, ${mebibytes(record.ramBytes)} MiB on this machine`,
    why: takes,
    next: `save less, remove a layer, or raise ${PARAM.size} in the boot loader and reboot`,
  });
}
