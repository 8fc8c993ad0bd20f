/** `mkma layers verify`: results of checking images. */
import { recordCount } from '../image/manifest.js';
import { damaged } from '../image/problems.js';
import { err, ok, type Problem, type Result, renderProblem } from '../result.js';
import type { StoredImage, StoredImages } from '../set/stored.js';
import { quoteName } from '../text/path.js';
import { findImage } from './name.js';
import { count } from './show.js';

export interface CheckedImage {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly disabled: boolean;
  /** `unverified`: readable to its end, but without a manifest to compare with. */
  readonly state: 'verified' | 'unverified' | 'damaged';
  readonly problem?: Problem;
}

/** The images to check: those named, or all layers. */
export function imagesToVerify(stored: StoredImages, names: readonly string[]): Result<StoredImage[]> {
  if (names.length === 0) return ok([...stored.layers]);
  const images: StoredImage[] = [];
  for (const name of names) {
    const found = findImage(stored, name);
    if (!found.ok) return found;
    if (!images.includes(found.value)) images.push(found.value);
  }
  return ok(images);
}

/** An image and the result of reading all of it. */
export function checkedImage(image: StoredImage, read: Result<unknown>): CheckedImage {
  const { name, file, bytes, disabled } = image;
  const facts = { name, file, bytes, disabled };
  if (!read.ok) return { ...facts, state: 'damaged', problem: read.problem };
  return { ...facts, state: image.manifest === undefined ? 'unverified' : 'verified' };
}

/** Whether the number of records is the one in the manifest. */
export function checkRecords(image: StoredImage, records: number): Result<void> {
  const { manifest } = image;
  const expected = manifest === undefined ? records : recordCount(manifest);
  if (expected === records) return ok();
  const why = `its manifest lists ${expected} records, but it has ${records}`;
  return err(damaged(why, { where: image.file, next: 'copy or save it again' }));
}

/** For people, one image per line. */
export function verifyLines(checked: readonly CheckedImage[]): string[] {
  if (checked.length === 0) return ['no layers'];
  const words: Record<CheckedImage['state'], string> = {
    verified: 'verified',
    unverified: 'complete; unverified: it has no manifest',
    damaged: 'DAMAGED',
  };
  return checked.flatMap(({ name, state, problem, disabled }) => [
    `${quoteName(name)}: ${words[state]}${disabled ? ' (disabled)' : ''}`,
    ...(problem === undefined ? [] : renderProblem(problem).map((line) => `  ${line}`)),
  ]);
}

/** The problem that ends the program if an image is damaged. */
export function damageOf(checked: readonly CheckedImage[]): Problem | undefined {
  const damaged = checked.filter(({ state }) => state === 'damaged');
  if (damaged.length === 0) return undefined;
  return {
    code: 'images-unreliable',
    what: `${damaged.length} of ${count(checked.length, 'image')} failed verification`,
    where: damaged.map(({ name }) => quoteName(name)).join(', '),
    why: 'the reason is listed with each',
    next: 'copy it again from an intact copy, or drop it: mkma layers drop NAME',
  };
}
