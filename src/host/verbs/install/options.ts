/** What `mkma install` is asked to do. */
import type { KernelParameter } from '../../../core/boot/cmdline.js';
import type { Result } from '../../../core/result.js';
import type { Mirrors } from '../../mirror/mirrors.js';
import type { Reach } from '../../mirror/reach.js';
import type { Owner } from '../../sys/files.js';

export interface InstallOptions {
  /** A disk, a new file, or a medium of mkma's. */
  readonly target: string;
  /** The images folder, absolute. */
  readonly output: string;
  /** Bytes of a new file; absent: what fits, and room for layers. */
  readonly size?: number | undefined;
  /**
   * The folder whose layers go along; `none`: no layers do. Absent: those of the medium, or of the images.
   */
  readonly layers?: string | undefined;
  /** Whether layers with an identity go along. */
  readonly identities: boolean;
  /** Of the ext4 file system. */
  readonly label: string;
  /** Start over on what is a medium already. */
  readonly fresh: boolean;
  /** Encrypt base and layers of a new medium. */
  readonly encrypt: boolean;
  /** RAM in MiB that deriving its key takes at most; absent: cryptsetup's default. */
  readonly keyMemory?: number | undefined;
  /** Whether a file with the passphrase was named. */
  readonly passphraseGiven: boolean;
  /** Asks for a passphrase, or reads it; a Problem if there is none. */
  readonly passphrase: (purpose: 'new' | 'open') => Promise<Result<Uint8Array>>;
  /** Renew shim and GRUB alone. */
  readonly refreshLoader: boolean;
  readonly append: readonly KernelParameter[];
  readonly cache: string;
  /** The default cache of root, which others may read. */
  readonly rootCache: string;
  readonly mirrors: Mirrors;
  readonly reach: Reach;
  /** Fetch boot programs even if the cache has them. */
  readonly refresh: boolean;
  /** Open no connection. */
  readonly offline: boolean;
  readonly sourceDateEpoch?: number | undefined;
  readonly owner?: Owner | undefined;
  readonly root: boolean;
  /** Whether trees can be bootstrapped: by root, or in a user namespace. */
  readonly mayFetch: boolean;
  /** Whether mkma has mounts of its own. */
  readonly ownMounts: boolean;
  /** Asks for the name of a disk; false: it was not typed. */
  readonly confirm: (name: string) => Promise<boolean>;
}

export interface InstallResult {
  readonly target: string;
  /** The number of the generation on the medium. */
  readonly generation?: number;
  /** Whether the medium had these images already. */
  readonly present?: boolean;
  /** Of the ext4 file system with the menu. */
  readonly uuid: string;
  /** What --refresh-loader renewed. */
  readonly renewed?: readonly string[];
  /** Bytes of the medium. */
  readonly bytes?: number;
  readonly lines: readonly string[];
}
