/** Layers that say who a machine is: copies of them are for that machine alone. */
import { identityMark } from '../image/manifest.js';
import type { StoredImage } from '../set/stored.js';

export function isIdentity({ manifest }: StoredImage): boolean {
  return identityMark(manifest) !== undefined;
}
