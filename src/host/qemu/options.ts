/** Options of both `mkma run` and `mkma test`. */
import type { Owner } from '../sys/files.js';
import type { AccelRequest } from './accel.js';
import type { OwnDisk } from './own-disks.js';

export interface MachineOptions {
  /** Folder with the images. */
  readonly output: string;
  readonly accel: AccelRequest;
  /** Folder for findings about this host. */
  readonly cache: string;
  /** Kernel command line parameters; the last one wins. */
  readonly append?: string | undefined;
  /** RAM in MiB; by default what fits the base. */
  readonly memoryMiB?: number | undefined;
  readonly cpus?: number | undefined;
  /** Additional disks, besides the one with the images. */
  readonly dataDisks?: readonly OwnDisk[] | undefined;
  /** Owner of files created beside the images. */
  readonly owner?: Owner | undefined;
}
