/** What a layer says of files that keep the content they have below. */
import type { FileMetadata } from '../../../core/image/manifest.js';
import type { LayerContent } from '../../../core/overlay/snapshot.js';
import type { RunningSystem } from '../../system.js';
import { digestsIn } from '../digests.js';
import type { Merged } from '../merged.js';

/** Largest time of a newc record, in seconds: files in the archive have no other either. */
const LATEST = 0xffff_ffff;

/** Their metadata. The content is read below, where nothing changes. */
export function metadataOf(
  machine: RunningSystem,
  { below }: Merged,
  { metadataOnly }: LayerContent,
): FileMetadata[] {
  const digests = digestsIn(
    machine,
    below,
    metadataOnly.map(({ path }) => path),
  );
  return metadataOnly.map(({ path, mode, uid, gid, mtime, size }) => {
    const sha256 = digests.get(path);
    if (sha256 === undefined) throw new Error(`cannot read what is below ${path}`);
    return { path, mode, uid, gid, mtime: Math.min(Math.max(mtime, 0), LATEST), size, sha256 };
  });
}
