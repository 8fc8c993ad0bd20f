/** All settings of a build: no step reads anything else. */
import type { MachineConfig } from '../definition/machine.js';
import type { Source } from '../definition/source.js';
import type { Hardware } from '../hardware/host-hardware.js';
import type { Lockfile } from '../lockfile/schema.js';
import type { Mirrors } from '../mirror/mirrors.js';
import type { Reach } from '../mirror/reach.js';
import type { Owner } from '../sys/files.js';
import type { Lacking } from './lacking.js';

export interface BuildSettings {
  readonly machine: MachineConfig;
  /** Where the definition comes from. */
  readonly source: Source;
  /** Output folder, absolute. */
  readonly output: string;
  /** Cache folder, absolute. */
  readonly cache: string;
  readonly mirrors: Mirrors;
  /** How mirrors are reached from here: not an input of any stage. */
  readonly reach: Reach;
  /** Debian's name of the architecture built for. */
  readonly architecture: string;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Use zstd's long-distance matching in an archive, for less bytes and more RAM. */
  /** Ask the mirror again for everything that comes from it. */
  readonly refresh: boolean;
  /** Build `chroot/` again even if it was edited by hand. */
  readonly discardEdits: boolean;
  /** Seconds since the epoch that no time stamp may exceed (SOURCE_DATE_EPOCH). */
  readonly sourceDateEpoch?: number | undefined;
  /** Whether the images also become a generation. */
  readonly generation: boolean;
  /** How many generations are kept; absent: all. */
  readonly keep?: number | undefined;
  /** Owner of the outputs. */
  readonly owner?: Owner | undefined;
  /** The building machine's. */
  readonly hardware: Hardware;
  /** Folder with the compiled guest programs. */
  readonly programs: string;
  /** mkma's version. */
  readonly version: string;
  /** Open no connection: build from what the cache keeps. */
  readonly offline?: boolean | undefined;
  /** Bytes that the cache may take; absent: a share of its disk. */
  readonly cacheSize?: number | undefined;
  /** Only look what an offline build lacks, and collect it here. */
  readonly lacking?: Lacking | undefined;
  /** The lock that the build installs from; absent: it takes what the mirrors have. */
  readonly lock?: Lockfile | undefined;
  /** Debian's archive of snapshots, which has what mirrors no longer have. */
  readonly snapshot?: string | undefined;
}
