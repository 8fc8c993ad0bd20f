/** Finding the place that a mutation changes. */
import type { Mutation } from './mutation.js';

/** The changed source; a text where it does not fit any more. */
export function applyTo(source: string, { file, from, to }: Mutation): { text: string } | string {
  const count = source.split(from).length - 1;
  if (count !== 1) return `${file} has its text ${count} times: ${JSON.stringify(from)}`;
  const at = source.indexOf(from);
  return { text: source.slice(0, at) + to + source.slice(at + from.length) };
}
