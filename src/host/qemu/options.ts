/** What `mkma run` and `mkma test` are both told. */
import type { Owner } from '../sys/files.js';
import type { AccelRequest } from './accel.js';
import type { OwnDisk } from './own-disks.js';

export interface MachineOptions {
  /** Folder with the images. */
  readonly output: string;
  readonly accel: AccelRequest;
  /** Folder for what is found out about this host. */
  readonly cache: string;
  /** Words for the kernel command line; the last one wins. */
  readonly append?: string | undefined;
  /** RAM in MiB; by default what suits the base. */
  readonly memoryMiB?: number | undefined;
  readonly cpus?: number | undefined;
  /** Further disks, beside the one with the images. */
  readonly dataDisks?: readonly OwnDisk[] | undefined;
  /** Who files made beside the images shall belong to. */
  readonly owner?: Owner | undefined;
}
