/** The packages of a base, from its manifest. */
import type { Manifest } from '../image/manifest.js';

/** Versions by package, named as in the manifest; absent in older bases. */
export function packagesOf(manifest: Manifest | undefined): ReadonlyMap<string, string> | undefined {
  const text = manifest?.kind === 'base' ? manifest.packages : undefined;
  if (text === undefined) return undefined;
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split(' ', 2) as [string, string]));
}
