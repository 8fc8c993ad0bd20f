/** Classes of what can be saved, for rules that concern more than one path. Pure. */
import { identityKind } from '../identity/files.js';

/**
 * A path belongs to one class at most: `identity`, or the first of {@link MEMBERS} that matches; packages and
 * accounts belong to theirs, and everything to `all`.
 */
export const CLASS_NAMES = [
  ...(['all', 'packages', 'accounts', 'identity', 'homes', 'configuration', 'state'] as const),
] as const;

export type ClassName = (typeof CLASS_NAMES)[number];

/** Paths, relative to the root; with a folder, all in it. */
const MEMBERS: readonly (readonly [ClassName, RegExp])[] = [
  ['homes', /^(home|root)(\/|$)/],
  ['configuration', /^etc(\/|$)/],
  ['state', /^(var|srv)(\/|$)/],
];

/** The class of a path, relative to the root; `undefined`: none but `all`. */
export function classOfPath(path: string): ClassName | undefined {
  if (identityKind(path) !== undefined) return 'identity';
  return MEMBERS.find(([, matches]) => matches.test(path))?.[0];
}
