/** What was composed at boot, in words. */
import { quoteName } from '../text/path.js';
import { isNobodys } from './accounts.js';
import type { Renumbered } from './compose.js';

export function renumberedText({ kind, name, from, to }: Renumbered): string {
  const who = name === undefined ? `${from} without a name` : `${quoteName(name)}, ${from} in the layer`;
  const is = isNobodys(to) ? `does not exist here: its files belong to ${to}` : `is ${to} here`;
  return `${kind === 'users' ? 'user' : 'group'} ${who}, ${is}`;
}

/** Files that are named. */
const MOST = 8;

/** The first of these files, relative to the root. */
export function composedText(files: readonly string[]): string {
  const more = files.length > MOST ? `, and ${files.length - MOST} more` : '';
  return `composed of base and layers: ${files
    .slice(0, MOST)
    .map((path) => quoteName(`/${path}`))
    .join(', ')}${more}`;
}
