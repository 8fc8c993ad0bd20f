/**
 * What early boot leaves for the running machine where files that are made from others may be wrong: which
 * layers are not on what they were made on. Pure.
 */
import type { FileType } from '../archive/tree.js';
import { DERIVED, type Derived, derivedRole } from './derived.js';

/** Its path: a unit looks for it. */
export const DERIVED_MARK = '/run/mkma/derived.json';
/** What was made again, for the next look at the changes. */
export const DERIVED_MADE = '/run/mkma/derived-made.json';

export interface DerivedMark {
  readonly format: 1;
  /** Names of the layers that are applied, the lowest first. */
  readonly layers: readonly string[];
  /** Those that are not on exactly what they were made on. */
  readonly others: readonly string[];
  /** By the name of a tool's files, the highest layer that was saved without them. */
  readonly without: Readonly<Record<string, string>>;
}

/** A layer in its chain, the lowest first. */
export interface DerivedLayer {
  readonly name: string;
  readonly onKnown: boolean;
  /** Of its manifest. */
  readonly remake: readonly string[];
}

/** `undefined` if every layer has what belongs to what is below it. */
export function markOf(layers: readonly DerivedLayer[]): DerivedMark | undefined {
  const others = layers.filter(({ onKnown }) => !onKnown).map(({ name }) => name);
  const without = new Map<string, string>();
  for (const { name, remake } of layers) for (const of of remake) without.set(of, name);
  if (others.length + without.size === 0) return undefined;
  return { format: 1, layers: layers.map(({ name }) => name), others, without: Object.fromEntries(without) };
}

/** What a layer has in the places of a tool's files. */
export interface Touched {
  readonly layer: string;
  readonly name: string;
  readonly role: 'made' | 'from';
}

/**
 * Which have to be made again. `touched`: what layers, and what early boot composed, have; of a layer on what
 * it was made on, the saved ones are right, unless one below was saved without them and none above has any.
 */
export function toRemake({ layers, others, without }: DerivedMark, touched: readonly Touched[]): Derived[] {
  return DERIVED.filter(({ name }) => {
    const here = touched.filter((one) => one.name === name);
    if (others.length > 0) return here.length > 0;
    const lacking = without[name];
    if (lacking === undefined) return false;
    const above = new Set(layers.slice(layers.indexOf(lacking) + 1));
    return !here.some(({ layer, role }) => role === 'made' && above.has(layer));
  });
}

/** A layer that others are merged with: what it was saved without, and its files. */
export interface MergedLayer {
  readonly remake: readonly string[];
  readonly entries: Iterable<{ readonly path: string; readonly type: FileType }>;
}

/** What layers, the lowest first, lack when they are one: a higher one may have it. */
export function remakeOfMerged(layers: readonly MergedLayer[]): string[] {
  const lacking = new Set<string>();
  for (const { remake, entries } of layers) {
    if (lacking.size > 0) {
      for (const { path, type } of entries) {
        const role = derivedRole(path, type);
        if (role?.role === 'made') lacking.delete(role.of.name);
      }
    }
    for (const name of remake) lacking.add(name);
  }
  return [...lacking];
}
