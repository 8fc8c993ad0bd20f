/** Verifies an image on the storage: by programs, since the engine would hash at 13 MB/s. */
import { payloadStart } from '../../../core/image/image.js';
import { identity, type Manifest } from '../../../core/image/manifest.js';
import { damaged, unreadable } from '../../../core/image/problems.js';
import { TreeCollector } from '../../../core/layers/tree.js';
import { checkRecords } from '../../../core/layers/verify.js';
import { err, ok, type Result } from '../../../core/result.js';
import type { StoredImage } from '../../../core/set/stored.js';
import { must } from '../../must.js';
import type { RunningSystem } from '../../system.js';
import { readRecords } from './folder.js';

/** Sums of byte ranges of $0, read as lines of offset and length. */
const SUMS =
  'while read -r at size; do dd if="$0" bs=1M iflag=skip_bytes,count_bytes skip="$at" count="$size" status=none | sha256sum; done';

/** Compares it with its manifest, and reads every record; fails if something does not match. */
export function verifyOne(machine: RunningSystem, folder: string, image: StoredImage): Result<void> {
  if (image.problem !== undefined) return err(image.problem);
  if (image.manifest !== undefined) {
    const sums = checkSums(machine, `${image.folder ?? folder}/${image.file}`, image.file, image.manifest);
    if (!sums.ok) return sums;
  }
  const collector = new TreeCollector({ only: new Set() });
  const read = readRecords(machine, folder, image, collector);
  return read.ok ? checkRecords(image, collector.records) : read;
}

/** Compares its segments with their checksums, and all of it with its id. `where`: its name for people. */
export function checkSums(
  machine: RunningSystem,
  path: string,
  where: string,
  manifest: Manifest,
): Result<void> {
  const { segments } = manifest;
  const wrong = (why: string): Result<void> => err(damaged(why, { where, next: 'copy or save it again' }));
  let input = '';
  let offset = payloadStart(manifest);
  const starts: number[] = [];
  for (const { size } of segments) {
    starts.push(offset);
    input += `${offset} ${size}\n`;
    offset += size;
  }
  const ended = machine.run(['sh', '-c', SUMS, path], { input });
  const sums = ended.stdout.split('\n').map((line) => line.slice(0, 64));
  const words = ended.stderr.trim().replaceAll(path, where);
  // A range that was not read completely has another sum.
  if (words !== '' || segments.some((_, i) => sums[i]?.length !== 64)) {
    const why = words || `dd or sha256sum ended early (exit code ${ended.code})`;
    const next = 'check that its medium is still attached, and see dmesg';
    return err(unreadable(where, why, next));
  }
  for (const [i, { size, sha256 }] of segments.entries()) {
    if (sums[i] === sha256) continue;
    const start = starts[i] as number;
    return wrong(
      `segment ${i + 1} of ${segments.length} (bytes ${start} to ${start + size}) does not match its manifest:\n` +
        `SHA-256 ${sums[i]}, expected ${sha256}`,
    );
  }
  const made = `sha256:${must(machine, ['sha256sum'], { input: identity(manifest) }).slice(0, 64)}`;
  return made === manifest.id
    ? ok()
    : wrong(`its manifest has the id ${manifest.id}, but its content has ${made}`);
}
