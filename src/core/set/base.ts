/** The base among the files of a folder, where more than one form of it may lie. */
import { BASE_FILES } from '../contract.js';
import type { Manifest } from '../image/manifest.js';
import type { Result } from '../result.js';

/** The names that a base may have. */
export const BASE_NAMES: readonly string[] = Object.values(BASE_FILES);

/** In words: what there is none of where a folder lacks it. */
export const ANY_BASE = BASE_NAMES.join(' or ');

/** A base that is not used, since another one that lies beside it counts. */
export interface PassedOver<T> {
  readonly base: T;
  readonly why: string;
  /** What to do about it. */
  readonly next: string;
}

export interface BaseChoice<T> {
  /** Absent where there is none at all. */
  readonly base: T | undefined;
  readonly passedOver: readonly PassedOver<T>[];
}

/**
 * Which of several bases counts: the one made last, so that one that was left behind does not win. One whose manifest tells
 * nothing does only where all are so; then, and of two of one age, the first does. `read` is asked only where there is a choice.
 */
export function chooseBase<T>(
  bases: readonly T[],
  read: (base: T) => Result<{ readonly manifest?: Manifest }>,
): BaseChoice<T> {
  if (bases.length < 2) return { base: bases[0], passedOver: [] };
  const all = bases.map((base) => ({ base, info: read(base) }));
  // ISO 8601 in UTC: in the order of time.
  const latest = all.reduce((best, one) => (madeOf(one.info) > madeOf(best.info) ? one : best));
  const others = all.filter((one) => one !== latest);
  return {
    base: latest.base,
    passedOver: others.map(({ base, info }) => ({ base, ...reasonOf(info, madeOf(latest.info)) })),
  };
}

function madeOf(info: Result<{ readonly manifest?: Manifest }>): string {
  return info.ok ? (info.value.manifest?.created ?? '') : '';
}

/** Why a base is not used where the one that is was made at `latest`. */
function reasonOf(
  info: Result<{ readonly manifest?: Manifest }>,
  latest: string,
): { readonly why: string; readonly next: string } {
  if (!info.ok) {
    const { what, why } = info.problem;
    return {
      why: why === undefined ? what : `${what} (${why})`,
      next: 'copy or build it again, or remove it',
    };
  }
  const made = madeOf(info);
  const next = 'remove the one you do not want';
  if (made === '') return { why: 'its age is unknown', next };
  if (made === latest) return { why: 'both were made at the same time', next };
  return { why: 'an older base', next: 'remove it' };
}

/** The sentence that tells of it; `shown` names it for people. */
export function passedOverText(shown: string, { why, next }: Omit<PassedOver<unknown>, 'base'>): string {
  return `${shown} is present too and is not used: ${why}; ${next}`;
}
