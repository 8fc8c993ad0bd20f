/** Verifies a whole image: the digests in its manifest, every frame's own checksum, and every record. */
import type { ArchiveReader } from '../../core/archive/parser.js';
import type { ImageInfo } from '../../core/image/image.js';
import { recordCount } from '../../core/image/manifest.js';
import { damaged } from '../../core/image/problems.js';
import { err, ok, type Result } from '../../core/result.js';
import { verifyPayload } from '../set/images.js';
import { readRecords } from './read.js';

/** Fails if anything differs from the manifest; without one, if the content cannot be read to its end. */
export async function verifyImage(
  file: string,
  { format, manifest }: ImageInfo,
  reader: ArchiveReader,
  signal: AbortSignal,
): Promise<Result<void>> {
  if (manifest !== undefined) {
    const verified = await verifyPayload(file, manifest, signal);
    if (!verified.ok) return verified;
  }
  let records = 0;
  const read = await readRecords(file, format, {
    signal,
    want: (path, header) => reader.want?.(path, header) === true,
    onRecord: (record) => {
      records++;
      reader.onRecord(record);
    },
  });
  if (!read.ok) return read;
  const expected = manifest === undefined ? records : recordCount(manifest);
  if (expected === records) return ok();
  return err(damaged(`its manifest lists ${expected} records, but it has ${records}`, { where: file }));
}
