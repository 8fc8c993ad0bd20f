/** Disks that a machine's definition mounts, as listed in its image for `mkma status`. */

/** Path of the list on the machine; JSON. */
export const DISKS_FILE = '/usr/lib/mkma/disks.json';

/** A disk that should be in use after boot. */
export interface ExpectedDisk {
  /** Mount point; absent for swap. */
  readonly point?: string;
  /** As the definition names it. */
  readonly device: string;
  /** The path of its node, as made by udev. */
  readonly node: string;
  /** The unit that mounts it, or turns it on. */
  readonly unit: string;
  /** If encrypted: the unlocked device, and the unit that unlocks it. */
  readonly unlocked?: { readonly node: string; readonly unit: string };
}
