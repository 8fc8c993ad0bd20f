/** The base among the files of a folder, which may contain it in more than one format. */
import { BASE_FILES } from '../contract.js';
import type { Manifest } from '../image/manifest.js';
import type { Result } from '../result.js';

/** The names that a base may have. */
export const BASE_NAMES: readonly string[] = Object.values(BASE_FILES);

/** In words, for a folder that has neither. */
export const ANY_BASE = BASE_NAMES.join(' or ');

/** A base that is not used, since another one beside it takes precedence. */
export interface PassedOver<T> {
  readonly base: T;
  readonly why: string;
  /** What to do about it. */
  readonly next: string;
}

export interface BaseChoice<T> {
  /** Absent if there is none. */
  readonly base: T | undefined;
  readonly passedOver: readonly PassedOver<T>[];
}

/**
 * Which of several bases counts: the one made last, so that one left behind does not win. One without a date
 * in its manifest counts only if all are like that; then, and if dates are equal, the first does. `read` is
 * called only if there is a choice.
 */
export function chooseBase<T>(
  bases: readonly T[],
  read: (base: T) => Result<{ readonly manifest?: Manifest }>,
): BaseChoice<T> {
  if (bases.length < 2) return { base: bases[0], passedOver: [] };
  const all = bases.map((base) => ({ base, info: read(base) }));
  // ISO 8601 in UTC sorts by time.
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

/** Why a base is not used if the one that is was made at `latest`. */
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

/** The sentence that reports it; `shown` names it for people. */
export function passedOverText(shown: string, { why, next }: Omit<PassedOver<unknown>, 'base'>): string {
  return `${shown} is present too and is not used: ${why}; ${next}`;
}
