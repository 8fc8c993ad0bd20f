/** A bootstrap of one part of a build: what it depends on, what it asks for, what it makes. */
import type { Inputs } from '../../stages/build-state.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import type { BuildSettings } from '../settings.js';

/** The tree, as a file of a cache entry. */
export const TREE = 'tree.tar.zst';

/** The installed packages, as a file of a cache entry. */
export const LIST = 'packages.txt';

/** What bootstrapping depends on. */
export type BootstrapSettings = Pick<
  BuildSettings,
  | 'mirrors'
  | 'architecture'
  | 'sourceDateEpoch'
  | 'cache'
  | 'refresh'
  | 'reach'
  | 'offline'
  | 'lacking'
  | 'lock'
  | 'snapshot'
> & {
  readonly machine: Pick<BuildSettings['machine'], 'suite' | 'components' | 'firmware'> &
    Partial<Pick<BuildSettings['machine'], 'repositories'>>;
};

/** What differs between bootstraps. */
export interface Part
  extends Pick<
    BootstrapRequest,
    'variant' | 'packages' | 'finish' | 'fields' | 'debFiles' | 'recommends' | 'foreignArchitectures'
  > {
  /** Files that apt needs in the tree, by path. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  readonly stage: 'packages' | 'tools' | 'kernel' | 'build-tools' | 'medium';
  /** Its name in a lock, if that is not the stage's. */
  readonly locked?: string | undefined;
  /** The kernel's package that `finish` downloads besides. */
  readonly kernel?: string | undefined;
  /** If it is not the machine's. */
  readonly suite?: string | undefined;
  readonly inputs: Inputs;
  /** Hooks that look whether what `finish` fetches is kept. */
  readonly surveys?: readonly string[] | undefined;
  /** Files that it makes. */
  readonly makes: readonly string[];
}
