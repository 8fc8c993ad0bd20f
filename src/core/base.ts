/** The base among the files of a folder, where more than one form of it may lie. */
import { BASE_FILES } from './contract.js';
import type { Manifest } from './manifest.js';

/** The names that a base may have. */
export const BASE_NAMES: readonly string[] = Object.values(BASE_FILES);

/** In words: what there is none of where a folder lacks it. */
export const ANY_BASE = BASE_NAMES.join(' or ');

/**
 * Which of several bases counts: the one made last, so that one that was left behind does not win. One whose manifest tells
 * nothing does only where all are so; then, and of two of one age, the first does.
 */
export function latestBase<T>(
  bases: readonly T[],
  manifestOf: (base: T) => Manifest | undefined,
): T | undefined {
  const made = (base: T): string => manifestOf(base)?.created ?? '';
  // ISO 8601 in UTC: in the order of time.
  return bases.reduce<T | undefined>(
    (latest, base) => (latest === undefined || made(base) > made(latest) ? base : latest),
    undefined,
  );
}
