/** What a segment is made of, as a digest: a segment with the same one need not be packed again. */
import { createHash, type Hash } from 'node:crypto';
import { archiveName, NEWC_MAX_NAME, newcHeadSize, putNewcHead } from '../../core/archive/cpio.js';
import { inlineText, type Plan, type PlannedRecord } from '../../core/image/archive-plan.js';
import { encodeName } from '../../core/text/path.js';

/** Bytes that are hashed at once: a call for each record would take longer than the hash. */
const PIECE = 2 ** 16;
/** Room for the head of a record and the stamp of its file. */
const ROOM = newcHeadSize(NEWC_MAX_NAME) + 256;

/**
 * A digest for each segment, over its headers, the contents that the plan has itself, and a stamp of each
 * file to read. `how`: what else the compressed bytes depend on.
 */
export function segmentKeys({ segments }: Plan, how: string, stamp: Stamp = stampOfTree): string[] {
  const buffer = Buffer.allocUnsafe(PIECE + ROOM);
  const keyed = (records: readonly PlannedRecord[]): string =>
    keyOf(records, createHash('sha256').update(`${how}\0`), buffer, stamp);
  return segments.map(({ records }) => keyed(records));
}

/** What differs as soon as a file's content may: at most 200 bytes of ASCII. */
export type Stamp = (record: PlannedRecord & Pick<Required<PlannedRecord>, 'found'>) => string;

/** In a tree that stays: inode number and time of the last change, as precise as the file system has it. */
const stampOfTree: Stamp = ({ found, size }) => `${found.ino} ${found.changed} ${size}`;

function keyOf(records: readonly PlannedRecord[], hash: Hash, buffer: Buffer, stamp: Stamp): string {
  let filled = 0;
  for (const record of records) {
    if (filled >= PIECE) filled = flush();
    const { data, found } = record;
    filled = putNewcHead(record, archiveName(record.path), buffer, filled);
    if (data === 'file') {
      if (found === undefined) throw new Error(`no stamp of ${record.path}`);
      filled += buffer.write(`${stamp({ ...record, found })}\0`, filled, 'latin1');
    } else if (data !== 'none') {
      filled = flush();
      hash.update(encodeName(inlineText(data)));
    }
  }
  flush();
  return hash.digest('hex');

  function flush(): 0 {
    hash.update(buffer.subarray(0, filled));
    return 0;
  }
}
