/** For how long programs may stand still while a save looks and copies. In seconds. */
import { parseSeconds } from '../text/seconds.js';

/** Unless told otherwise. */
export const MOST_STILL = 3;
/** The most that may be asked for. */
export const LONGEST_STILL = 60;

/** Parses such a time, as `3s`, `0.5s` or `500ms`; 0: never. `undefined` if it is none, or too long. */
export function parseStill(text: string): number | undefined {
  const seconds = parseSeconds(text);
  return seconds === undefined || seconds > LONGEST_STILL ? undefined : seconds;
}
