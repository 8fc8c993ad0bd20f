/** The bytes of planned records, read from the tree piece by piece: never more than one chunk in memory. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { archiveName, newcHead, newcPadding } from '../../core/cpio.js';
import { encodeName, quoteName } from '../../core/path.js';
import type { PlannedRecord } from './plan.js';

/** Bytes handed on at a time. */
const CHUNK = 512 * 1024;

/** A file was no longer what the scan saw: the tree is being changed while it is packed. */
export class TreeChanged extends Error {
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`/${quoteName(path)} changed while it was packed: ${reason}`);
  }
}

/** Yields the records as newc, in chunks. Every chunk is a fresh buffer that the receiver may keep. */
export function* archiveChunks(root: string, records: Iterable<PlannedRecord>): Generator<Buffer> {
  const rootBytes = Buffer.from(root.endsWith('/') ? root : `${root}/`);
  let chunk = Buffer.allocUnsafe(CHUNK);
  let filled = 0;
  function* put(bytes: Uint8Array): Generator<Buffer> {
    let from = 0;
    while (from < bytes.length) {
      const n = Math.min(bytes.length - from, CHUNK - filled);
      chunk.set(bytes.subarray(from, from + n), filled);
      filled += n;
      from += n;
      if (filled === CHUNK) yield flush();
    }
  }
  const flush = (): Buffer => {
    const full = chunk.subarray(0, filled);
    chunk = Buffer.allocUnsafe(CHUNK);
    filled = 0;
    return full;
  };
  function* putFile(record: PlannedRecord, name: Uint8Array): Generator<Buffer> {
    const fd = openFile(Buffer.concat([rootBytes, name]), record);
    try {
      for (let left = record.size; left > 0; ) {
        const n = readSync(fd, chunk, filled, Math.min(left, CHUNK - filled), null);
        if (n === 0) throw new TreeChanged(record.path, 'it became shorter');
        filled += n;
        left -= n;
        if (filled === CHUNK) yield flush();
      }
    } finally {
      closeSync(fd);
    }
  }
  for (const record of records) {
    const name = encodeName(record.path);
    yield* put(newcHead(record, encodeName(archiveName(record.path))));
    if (record.data === 'file') yield* putFile(record, name);
    else if (record.data !== 'none') yield* put(encodeName(record.data.target));
    yield* put(new Uint8Array(newcPadding(record.size)));
  }
  if (filled > 0) yield flush();
}

function openFile(path: Buffer, record: PlannedRecord): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw new TreeChanged(record.path, (cause as Error).message);
  }
  const size = fstatSync(fd).size;
  if (size === record.size) return fd;
  closeSync(fd);
  throw new TreeChanged(record.path, `${record.size} bytes at first, now ${size}`);
}
