/** The verbs of `mkma layers` on the machine that only read. Each works in the mounted images folder. */
import type { BootRecord } from '../../../core/boot/record.js';
import { OVERLAY } from '../../../core/contract.js';
import { type BlamedImage, blame, blamedPaths, parseBlamePath } from '../../../core/layers/blame.js';
import { blameLines, knownBlame } from '../../../core/layers/blame-text.js';
import { diffLines, diffTrees, filesOfOneSize, withDigests } from '../../../core/layers/diff.js';
import { listLayers, listLines, runningImage } from '../../../core/layers/list.js';
import { findImage } from '../../../core/layers/name.js';
import { showLayer, showLines } from '../../../core/layers/show.js';
import { checkedImage, damageOf, imagesToVerify, verifyLines } from '../../../core/layers/verify.js';
import { ok, type Problem, type Result } from '../../../core/result.js';
import type { StoredImage, StoredImages } from '../../../core/set/stored.js';
import type { RunningSystem } from '../../system.js';
import { digestsIn } from '../digests.js';
import { openImages } from '../images-folder.js';
import type { Answer } from '../session.js';
import { lookUpFresh, lookUpTree, readTree, unpackedFolder } from './folder.js';
import { verifyOne } from './verify.js';

/** What a verb works on. */
export interface Place {
  readonly machine: RunningSystem;
  readonly record: BootRecord;
  /** The images folder. */
  readonly folder: string;
}

export function list({ machine, record, folder }: Place): Result<Answer> {
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const value = listLayers(stored.value, record);
  return ok({ value, lines: () => listLines(value) });
}

export function showOne({ machine, record, folder }: Place, name: string): Result<Answer> {
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const image = findImage(stored.value, name);
  if (!image.ok) return image;
  const tree = readTree(machine, folder, image.value);
  if (!tree.ok) return tree;
  const value = showLayer(image.value, tree.value);
  return ok({ value, lines: () => showLines(value) });
}

/** Contents are compared if both images are part of this boot: their files are unpacked. */
export function diff({ machine, record, folder }: Place, first: string, second: string): Result<Answer> {
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const [a, b] = [findImage(stored.value, first), findImage(stored.value, second)];
  if (!a.ok) return a;
  if (!b.ok) return b;
  const [left, right] = [readTree(machine, folder, a.value), readTree(machine, folder, b.value)];
  if (!left.ok) return left;
  if (!right.ok) return right;
  let trees = [left.value, right.value] as const;
  const folders = [a.value, b.value].flatMap((image) => unpacked(machine, record, stored.value, image));
  if (folders.length === 2) {
    const paths = filesOfOneSize(...trees);
    const [x, y] = folders.map((where) => digestsIn(machine, where, paths)) as [
      Map<string, string>,
      Map<string, string>,
    ];
    trees = [withDigests(trees[0], x), withDigests(trees[1], y)];
  }
  const value = diffTrees({ name: a.value.name, tree: trees[0] }, { name: b.value.name, tree: trees[1] });
  return ok({ value, lines: () => diffLines(value) });
}

/** The folder that an image of this boot was unpacked into; empty if it is not part of it. */
function unpacked(
  machine: RunningSystem,
  record: BootRecord,
  stored: StoredImages,
  image: StoredImage,
): string[] {
  const running = image.disabled ? undefined : runningImage(image, stored, record);
  if (running === undefined) return [];
  const folder = unpackedFolder(running);
  return machine.info(folder)?.kind === 'directory' ? [folder] : [];
}

/**
 * Images of this boot are looked up in their unpacked files. Changes since boot count as the highest image.
 */
export function blameOne({ machine, record, folder }: Place, text: string): Result<Answer> {
  const path = parseBlamePath(text);
  if (!path.ok) return path;
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const { base, layers } = stored.value;
  const only = blamedPaths(path.value);
  const images: BlamedImage[] = [];
  const unreadable: Problem[] = [];
  for (const image of [...(base === undefined ? [] : [base]), ...layers]) {
    const { name, disabled } = image;
    const [there] = unpacked(machine, record, stored.value, image);
    const tree =
      there === undefined ? readTree(machine, folder, image, { only }) : ok(lookUpTree(machine, there, only));
    if (tree.ok) images.push({ name, disabled, tree: tree.value });
    else unreadable.push(tree.problem);
  }
  images.push({ name: `${OVERLAY.fresh} (since boot)`, tree: lookUpFresh(machine, record, only) });
  const found = knownBlame(blame(path.value, images));
  if (!found.ok) return found;
  const warnings = unreadable.map(({ what, where }) => `warning: ${what}: ${where}`);
  const value = { ...found.value, unreadable };
  return ok({ value, lines: () => [...blameLines(found.value), ...warnings] });
}

export function verify({ machine, record, folder }: Place, names: readonly string[]): Result<Answer> {
  const stored = openImages(machine, record, folder);
  if (!stored.ok) return stored;
  const wanted = imagesToVerify(stored.value, names);
  if (!wanted.ok) return wanted;
  const images = wanted.value.map((image) => checkedImage(image, verifyOne(machine, folder, image)));
  const problem = damageOf(images);
  const failed = problem === undefined ? {} : { problem };
  return ok({ value: { images, ...failed }, lines: () => verifyLines(images), ...failed });
}
