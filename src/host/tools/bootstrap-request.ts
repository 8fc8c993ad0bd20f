/** What mmdebstrap(1) is to make. */
import type { Asked } from './apt-packages.js';

export interface BootstrapRequest {
  readonly suite: string;
  readonly architecture: string;
  /** Others that packages are of: apt fetches their lists, and dpkg in the tree knows them. */
  readonly foreignArchitectures?: readonly string[] | undefined;
  readonly components: readonly string[];
  readonly mirror: string;
  readonly securityMirror: string;
  /** `minbase`: required packages and apt, installed. `extract`: the packages unpacked, nothing configured. */
  readonly variant: 'minbase' | 'extract';
  readonly packages: readonly string[];
  /** Fields of the definition that ask for them, by their names. */
  readonly fields?: Asked['fields'];
  /** What to do about packages that no Debian suite has, by their names. */
  readonly elsewhere?: Asked['elsewhere'];
  /** Package files of this host, installed with what they depend on. */
  readonly debFiles?: readonly string[] | undefined;
  /** Whether packages that others recommend are installed. */
  readonly recommends?: boolean | undefined;
  /** A folder with files of the tree that apt needs, at their paths in it. */
  readonly files?: string | undefined;
  /** Folder where downloaded packages are kept between runs. */
  readonly debs: string;
  /** Folder where lists are kept between the tries of one run. */
  readonly lists: string;
  /** File of apt.conf(5) that says how mirrors are reached. */
  readonly reach: string;
  /** Variables for what fetches. May hold passwords. */
  readonly fetching: Readonly<Record<string, string>>;
  /** Shell commands run with the tree's folder as `$1` once everything is installed (or extracted). */
  readonly finish: readonly string[];
  /** The tarball to make; compressed by its name's ending. */
  readonly target: string;
  /** Folder for the tree while it is made. */
  readonly temporary: string;
  readonly sourceDateEpoch?: number | undefined;
}
