/** Layers that say who a machine is: copies of them are for that machine alone. */
import type { StoredImage } from '../set/stored.js';

/** The need by which their manifests are known, so that an mkma that knows nothing of them refuses them. */
const IDENTITY = 'identity';

export function isIdentity({ manifest }: StoredImage): boolean {
  return manifest?.needs.includes(IDENTITY) === true;
}
