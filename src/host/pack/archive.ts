/** The bytes of planned records, read from the tree in pieces: never more than one chunk in memory. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import {
  archiveName,
  NEWC_MAX_NAME,
  newcHeadSize,
  newcPadding,
  putNewcHead,
} from '../../core/archive/cpio.js';
import { inlineText, type PlannedRecord } from '../../core/image/archive-plan.js';
import { putName } from '../../core/text/path.js';
import { treeChanged } from './failed.js';
import { pathIn } from './scan.js';

/** Bytes after which a chunk is passed on. */
const CHUNK = 2 ** 20;
/** Additional room for what is written at once: a header, the target of a symlink, padding. */
const ROOM = newcHeadSize(NEWC_MAX_NAME) + NEWC_MAX_NAME + 4;

/** Yields the records as newc. All chunks are views of one buffer: use each before requesting the next. */
export function* archiveChunks(root: string, records: Iterable<PlannedRecord>): Generator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK + ROOM);
  let filled = 0;
  for (const record of records) {
    if (filled >= CHUNK) {
      yield buffer.subarray(0, filled);
      filled = 0;
    }
    filled = putNewcHead(record, archiveName(record.path), buffer, filled);
    // An empty file is as listed; the content of one that is shipped empty must not be read.
    if (record.data === 'file' && record.size > 0) {
      const fd = openFile(root, record);
      try {
        let left = record.size;
        do {
          if (filled >= CHUNK) {
            yield buffer.subarray(0, filled);
            filled = 0;
          }
          // One byte more than expected, to detect a file that has grown.
          const n = readSync(fd, buffer, filled, Math.min(left, CHUNK - filled) + 1, null);
          if (n > left) throw treeChanged(record.path, 'it grew');
          if (n === 0 && left > 0) throw treeChanged(record.path, 'it was truncated');
          filled += n;
          left -= n;
        } while (left > 0);
      } finally {
        closeSync(fd);
      }
    } else if (typeof record.data === 'object') filled = putName(inlineText(record.data), buffer, filled);
    const padded = filled + newcPadding(record.size);
    buffer.fill(0, filled, padded);
    filled = padded;
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

function openFile(root: string, record: PlannedRecord): number {
  try {
    return openSync(pathIn(root, record.path), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw treeChanged(record.path, (cause as Error).message);
  }
}
