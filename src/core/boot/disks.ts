/** Disks that a machine's definition mounts, as its image lists them for `mkma status`. */

/** Where the list lies on the machine: JSON. */
export const DISKS_FILE = '/usr/lib/mkma/disks.json';

/** A disk that is to be in use once the machine is up. */
export interface ExpectedDisk {
  /** Where it is mounted; absent: it is swap. */
  readonly point?: string;
  /** As the definition names it. */
  readonly device: string;
  /** The path by which it is there, once udev knows it. */
  readonly node: string;
  /** The unit that mounts it, or turns it on. */
  readonly unit: string;
  /** Where it is encrypted: the unlocked device, and the unit that unlocks it. */
  readonly unlocked?: { readonly node: string; readonly unit: string };
}
