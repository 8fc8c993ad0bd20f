/** `mkma layers` on the host, commands that only read: list, show, diff, blame, verify. */
import { join } from 'node:path';
import {
  type Blame,
  type BlamedImage,
  blame,
  blamedPaths,
  parseBlamePath,
} from '../../../core/layers/blame.js';
import { blameLines, knownBlame } from '../../../core/layers/blame-text.js';
import { type Diff, diffLines, diffTrees } from '../../../core/layers/diff.js';
import { type LayerList, listLayers, listLines } from '../../../core/layers/list.js';
import { findImage } from '../../../core/layers/name.js';
import { type ShownLayer, showLayer, showLines } from '../../../core/layers/show.js';
import {
  type CheckedImage,
  checkedImage,
  damageOf,
  imagesToVerify,
  verifyLines,
} from '../../../core/layers/verify.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import type { StoredImage } from '../../../core/set/stored.js';
import type { Context } from '../../context.js';
import { verifyImage } from '../../pack/verify.js';
import { openImages } from '../../set/folder.js';
import { readTree, sha256 } from './content.js';

/** Lines for people besides the value for programs. */
export type Told<T> = T & { readonly lines: readonly string[] };

/** The images in order. */
export function list(folder: string): Result<Told<LayerList>> {
  const stored = openImages(folder);
  if (!stored.ok) return stored;
  const value = listLayers(stored.value);
  return ok({ ...value, lines: listLines(value) });
}

/** The content of an image. */
export async function showOne(
  folder: string,
  name: string,
  { signal }: Context,
): Promise<Result<Told<ShownLayer>>> {
  const stored = openImages(folder);
  if (!stored.ok) return stored;
  const image = findImage(stored.value, name);
  if (!image.ok) return image;
  const tree = await readTree(folder, image.value, signal);
  if (!tree.ok) return tree;
  const value = showLayer(image.value, tree.value);
  return ok({ ...value, lines: showLines(value) });
}

/** What differs between two images. */
export async function diff(
  folder: string,
  names: readonly [string, string],
  { signal }: Context,
): Promise<Result<Told<Diff>>> {
  const stored = openImages(folder);
  if (!stored.ok) return stored;
  const [a, b] = [findImage(stored.value, names[0]), findImage(stored.value, names[1])];
  if (!a.ok) return a;
  if (!b.ok) return b;
  const options = { hasher: sha256 };
  const left = await readTree(folder, a.value, signal, options);
  if (!left.ok) return left;
  const right = await readTree(folder, b.value, signal, options);
  if (!right.ok) return right;
  const value = diffTrees(
    { name: a.value.name, tree: left.value },
    { name: b.value.name, tree: right.value },
  );
  return ok({ ...value, lines: diffLines(value) });
}

/** Which image a path comes from. An unreadable one is left out with a warning, as in early boot. */
export async function blameOne(
  folder: string,
  text: string,
  { signal, emit }: Context,
): Promise<Result<Told<Blame>>> {
  const path = parseBlamePath(text);
  if (!path.ok) return path;
  const stored = openImages(folder);
  if (!stored.ok) return stored;
  const { base, layers } = stored.value;
  const only = blamedPaths(path.value);
  const images: BlamedImage[] = [];
  for (const image of [...(base === undefined ? [] : [base]), ...layers]) {
    const tree = await readTree(folder, image, signal, { only });
    if (tree.ok) images.push({ name: image.name, tree: tree.value, disabled: image.disabled });
    else emit({ type: 'warning', problem: tree.problem });
  }
  const found = knownBlame(blame(path.value, images));
  return found.ok ? ok({ ...found.value, lines: blameLines(found.value) }) : found;
}

export interface Verification {
  readonly images: readonly CheckedImage[];
  /** Where an image is damaged. */
  readonly problem?: Problem;
}

/** Reads whole images: those named, or all layers. */
export async function verify(
  folder: string,
  names: readonly string[],
  { signal }: Context,
): Promise<Result<Told<Verification>>> {
  const stored = openImages(folder);
  if (!stored.ok) return stored;
  const wanted = imagesToVerify(stored.value, names);
  if (!wanted.ok) return wanted;
  const images: CheckedImage[] = [];
  for (const image of wanted.value) images.push(checkedImage(image, await check(folder, image, signal)));
  const problem = damageOf(images);
  return ok({ images, ...(problem === undefined ? {} : { problem }), lines: verifyLines(images) });
}

async function check(folder: string, image: StoredImage, signal: AbortSignal): Promise<Result<void>> {
  if (image.problem !== undefined) return err(image.problem);
  return verifyImage(join(folder, image.file), image, { onRecord: () => undefined }, signal);
}
