/**
 * Generations by their names: an images folder may hold `generations/N/`, each a complete set that looks like
 * a flat images folder.
 */

/** The folder of generations in an images folder. */
export const GENERATIONS = 'generations';

/** In it: the number of the generation that was chosen; absent: the newest is the default. */
export const CHOSEN = 'default';

/** In a generation: an empty file that keeps it from being dropped. */
export const PINNED = 'pinned';

/** The beginning of names of what is half made: the next run removes it. */
const UNFINISHED = '.new-';

/** The number that a folder's name stands for: from 1, without leading zeros, up to 9 digits. */
function generationNumber(name: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(name) ? Number(name) : undefined;
}

/** The numbers among the names in the folder of generations, the newest first. */
export function numbersAmong(names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => generationNumber(name) ?? []);
  return numbers.sort((a, b) => b - a);
}

/** Whether a name in the folder of generations is of one that a killed run left half made or half removed. */
export function isUnfinished(name: string): boolean {
  return name.startsWith(UNFINISHED);
}

/** The name of a generation while it is made, or while it is removed. */
export function unfinishedName(number: number): string {
  return UNFINISHED + number;
}

/** The path of a generation, in the images folder `images`. */
export function generationPath(images: string, number: number): string {
  return `${images === '/' ? '' : images}/${GENERATIONS}/${number}`;
}

/** A generation's place: the images folder that holds it, and its number. */
export interface GenerationPlace {
  readonly images: string;
  readonly number: number;
}

/** The place that a path names; `undefined` if it is not one of a generation. */
export function placeOfGeneration(path: string): GenerationPlace | undefined {
  const match = new RegExp(`^(.*)/${GENERATIONS}/(\\d+)/?$`).exec(path);
  const number = generationNumber(match?.[2] ?? '');
  return match === null || number === undefined ? undefined : { images: match[1] || '/', number };
}

/** The number of the next generation: one more than any that is or was there and is still named. */
export function nextNumber(numbers: readonly number[], chosen: number | undefined): number {
  return Math.max(0, chosen ?? 0, ...numbers) + 1;
}

/** The chosen generation, from the text of the file {@link CHOSEN}. */
export function parseChosen(text: string | undefined): number | undefined {
  return generationNumber((text ?? '').trim());
}

/** The one that boots by default: the chosen one where it is there, else the newest. */
export function defaultOf(numbers: readonly number[], chosen: number | undefined): number | undefined {
  if (chosen !== undefined && numbers.includes(chosen)) return chosen;
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

/** What a policy asks about a generation. */
export interface Held {
  readonly number: number;
  readonly pinned: boolean;
  readonly isDefault: boolean;
  readonly running: boolean;
}

/**
 * The generations that a policy of `keep` drops, the oldest first: all but the newest `keep`, and never the
 * running, the default or a pinned one.
 */
export function droppedBy(keep: number, generations: readonly Held[]): number[] {
  const older = [...generations].sort((a, b) => b.number - a.number).slice(keep);
  const free = older.filter(({ pinned, isDefault, running }) => !pinned && !isDefault && !running);
  return free.map(({ number }) => number).reverse();
}
