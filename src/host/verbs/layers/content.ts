/** What images on the host hold. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type LayerTree, TreeCollector, type TreeOptions } from '../../../core/layers/tree.js';
import { err, ok, type Result } from '../../../core/result.js';
import type { StoredImage } from '../../../core/set/stored.js';
import { readRecords } from '../../pack/read.js';

/** Digests of files' contents. */
export const sha256 = () => {
  const hash = createHash('sha256');
  return {
    update: (piece: Uint8Array): void => {
      hash.update(piece);
    },
    digest: (): string => hash.digest('hex'),
  };
};

/** What an image holds. Throws Interrupted when `signal` is aborted. */
export async function readTree(
  folder: string,
  image: StoredImage,
  signal: AbortSignal,
  options: TreeOptions = {},
): Promise<Result<LayerTree>> {
  if (image.problem !== undefined) return err(image.problem);
  const collector = new TreeCollector(options);
  const read = await readRecords(join(folder, image.file), image.format, {
    signal,
    want: (path, header) => collector.want(path, header),
    onRecord: (record) => collector.onRecord(record),
    onData: (piece) => collector.onData(piece),
  });
  return read.ok ? ok(collector.finish(image.manifest)) : read;
}
