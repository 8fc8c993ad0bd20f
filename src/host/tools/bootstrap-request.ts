/** A request to mmdebstrap(1). */
import type { Asked } from './apt-packages.js';

export interface BootstrapRequest {
  readonly suite: string;
  readonly architecture: string;
  /** Additional architectures of packages: apt fetches their lists, and dpkg in the tree accepts them. */
  readonly foreignArchitectures?: readonly string[] | undefined;
  readonly components: readonly string[];
  readonly mirror: string;
  readonly securityMirror: string;
  /**
   * `minbase`: required packages and apt, installed. `extract`: the packages unpacked, nothing configured.
   */
  readonly variant: 'minbase' | 'extract';
  readonly packages: readonly string[];
  /** Fields of the definition that request them, by name. */
  readonly fields?: Asked['fields'];
  /** What to do about packages that no Debian suite has, by name. */
  readonly elsewhere?: Asked['elsewhere'];
  /** Package files of this host, installed with their dependencies. */
  readonly debFiles?: readonly string[] | undefined;
  /** Whether recommended packages are installed. */
  readonly recommends?: boolean | undefined;
  /** A folder with files that apt needs in the tree, at their paths. */
  readonly files?: string | undefined;
  /** apt's sources, as lines of sources.list(5), in place of those of the mirrors. */
  readonly sources?: readonly string[] | undefined;
  /** Folder where downloaded packages are kept between runs. */
  readonly debs: string;
  /** Folder where lists are kept between the tries of one run; files beside it begin with its name. */
  readonly lists: string;
  /** File of apt.conf(5) with how mirrors are reached. */
  readonly reach: string;
  /** Variables for programs that fetch. May contain passwords. */
  readonly fetching: Readonly<Record<string, string>>;
  /** Shell commands run with the tree's folder as `$1` once everything is installed (or extracted). */
  readonly finish: readonly string[];
  /** The tarball to create, compressed according to its suffix. */
  readonly target: string;
  /** Folder for the tree while it is created. */
  readonly temporary: string;
  readonly sourceDateEpoch?: number | undefined;
  /** Open no connection: apt's settings at `reach` answer with what is kept. */
  readonly offline?: boolean | undefined;
  /** Make nothing: only look whether everything is kept, with these hooks after apt's own download. */
  readonly survey?: readonly string[] | undefined;
}
