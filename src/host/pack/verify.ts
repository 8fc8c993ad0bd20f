/** Reading the whole of an image: the digests in its manifest, every frame's own checksum, and every record. */
import type { ArchiveReader } from '../../core/archive-parser.js';
import type { Manifest } from '../../core/manifest.js';
import { err, ok, type Result } from '../../core/result.js';
import { damaged, verifyPayload } from '../images.js';
import { readArchive } from './read.js';

/** Fails where anything is not as the manifest says; without one, where the archive cannot be read to its end. */
export async function verifyImage(
  file: string,
  manifest: Manifest | undefined,
  reader: ArchiveReader,
  signal: AbortSignal,
): Promise<Result<void>> {
  if (manifest !== undefined) {
    const verified = await verifyPayload(file, manifest, signal);
    if (!verified.ok) return verified;
  }
  let records = 0;
  const read = await readArchive(file, {
    signal,
    want: (path, header) => reader.want?.(path, header) === true,
    onRecord: (record) => {
      records++;
      reader.onRecord(record);
    },
  });
  if (!read.ok) return read;
  const expected = manifest?.segments.reduce((sum, segment) => sum + segment.records, 0);
  if (expected === undefined || expected === records) return ok();
  return err(damaged(file, `its manifest tells of ${expected} records, ${records} are there`));
}
