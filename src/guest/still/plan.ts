/** What `mkma persist` and the program that makes others stand still exchange: files in one folder. */
import type { Wanted } from '../../core/moment/copies.js';

/** A RAM file system in the program's own mount namespace. */
export const STILL = '/run/mkma/still';
/** In it: the plan, the answer, and what was found of the machine at that moment. */
export const PLAN = `${STILL}/plan`;
export const ANSWER = `${STILL}/answer`;
export const LISTED = `${STILL}/listed`;
export const DUMP = `${STILL}/dump`;
/** The exit code of the program that made the latter. */
export const DUMPED = `${STILL}/dumped`;
export const MAPS = `${STILL}/maps`;
export const LINKS = `${STILL}/links`;
export const NUMBERS = `${STILL}/numbers`;
/** Copies of files, by their paths. */
export const COPIES = `${STILL}/copies`;

/** What to do while programs stand still. */
export interface StillPlan extends Wanted {
  /** The folder to list, and that the files are in. */
  readonly root: string;
  /** Most seconds that programs may stand still. */
  readonly limit: number;
  /** What has changed since is copied as well: in seconds since the epoch. */
  readonly since: number;
  /** Most bytes of RAM that copies may take. */
  readonly ram: number;
}

/**
 * `still`: all was found and copied at one moment. `impossible`: nothing can be made to stand still here.
 * `moving`: some program did not stop, or it would have taken too long, or did. `large`: none of the files
 * that change at any time can be copied in time, so nothing was stopped.
 */
export type StillAnswer =
  | {
      readonly state: 'still';
      /** How long programs stood still. */
      readonly seconds: number;
      /** When they went on, in seconds since the epoch. */
      readonly until: number;
      /** Files that change at any time, and for which there was no room. */
      readonly left: readonly string[];
      /** Processes that cannot be stopped. */
      readonly free: readonly number[];
    }
  | { readonly state: 'impossible' | 'moving'; readonly why: string }
  | { readonly state: 'large' };
