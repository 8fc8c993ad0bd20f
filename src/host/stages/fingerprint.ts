/** Detects changes of a tree: a digest of every file's metadata, change times included. */
import { createHash } from 'node:crypto';
import { ok, type Result } from '../../core/result.js';
import { decodeName } from '../../core/text/path.js';
import { requireUnmounted } from '../sys/mounts.js';
import { runBytes } from '../sys/run.js';

/**
 * Digest of the tree at `root`. A change of content, mode, owner or attributes changes it (through the change
 * time). The root itself counts without its change time, which a rename changes. Fails if something is
 * mounted in it.
 */
export async function fingerprint(root: string, signal?: AbortSignal): Promise<Result<string>> {
  const free = requireUnmounted(root);
  if (!free.ok) return free;
  const format = '%y %m %U %G %n %s %T@ %C@\\0%P\\0%l\\0';
  const args = [root, '-xdev', '-mindepth', '1', '-printf', format];
  const listing = await runBytes({ file: 'find', args }, { signal });
  if (!listing.ok) return listing;
  const records = splitRecords(listing.value).sort(Buffer.compare);
  const hash = createHash('sha256');
  for (const record of records) hash.update(record);
  return ok(hash.digest('hex'));
}

/**
 * find lists a folder in the order of its file system, which may change: the records of three NUL-terminated
 * fields are sorted.
 */
function splitRecords(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  let begin = 0;
  for (let at = 0, nuls = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0 || ++nuls % 3 !== 0) continue;
    records.push(bytes.subarray(begin, at + 1));
    begin = at + 1;
  }
  return records;
}

/** Paths in the tree changed after `at` (ISO 8601), as a hint: at most `limit`, relative to the root. */
export async function changedSince(root: string, at: string, limit: number): Promise<string[]> {
  const args = [root, '-xdev', '-mindepth', '1', '-newerct', at, '-printf', '%P\\0'];
  const listing = await runBytes({ file: 'find', args });
  if (!listing.ok) return [];
  return decodeName(listing.value).split('\0').filter(Boolean).slice(0, limit);
}
