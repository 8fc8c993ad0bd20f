/** How layers are merged, and the result. */
import type { ImageFormat } from '../../../../core/contract.js';

export interface MergeOptions {
  /** Report what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Part of the layer's name; `merged` by default. */
  readonly label?: string | undefined;
  /** zstd level, 1 to 19; absent: that of the format. */
  readonly level?: number | undefined;
  /** Absent: chosen by what the layers hold. */
  readonly format?: ImageFormat | undefined;
}

/** The result. */
export interface MergedLayers {
  /** Names of the layers that became one, the lowest first; fewer than two if there was nothing to do. */
  readonly merged: readonly string[];
  /** Bytes of their files. */
  readonly before: number;
  /** Absent in a dry run. */
  readonly layer?: {
    readonly layer: string;
    readonly file: string;
    readonly bytes: number;
    readonly id: string;
  };
  readonly format: ImageFormat;
  readonly entries: number;
  readonly deletions: number;
  /** Bytes of RAM that it takes, and those of all images of the next boot. */
  readonly unpackedBytes: number;
  readonly nextBoot: number;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

/** Where and how to merge. */
export interface Work {
  readonly folder: string;
  readonly words: readonly string[];
  readonly options: MergeOptions;
  readonly tell: (line: string) => void;
}
