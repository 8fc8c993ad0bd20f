/** Copies an image from one folder to another, whole or not at all, and reads the copy again. */
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import type { StoredImage } from '../../../core/set/stored.js';
import { quoteName } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { RunningSystem } from '../../system.js';
import { INTERRUPTED } from '../persist/interrupted.js';
import { measureFileSystem } from '../room.js';
import { verifyOne } from './verify.js';

/** Not the name of a layer; also that of an incomplete copy. */
const PART = '.mkma-copy.part';

/** Where a copy goes. */
export interface CopyTarget {
  readonly folder: string;
  readonly file: string;
  /** Whether it may replace a file. */
  readonly replace: boolean;
}

/** Checks that a folder has room for so many bytes. */
export function checkCopyRoom(machine: RunningSystem, folder: string, bytes: number): Result<void> {
  const { free } = measureFileSystem(machine, folder);
  if (free >= bytes) return ok();
  return err({
    code: 'storage-full',
    what: 'there is no room for the copy',
    where: quoteName(folder),
    why: `it takes ${formatBytes(bytes)}, and ${formatBytes(free)} are free`,
    next: 'free some space there, or name another folder',
  });
}

/** Copies `image` from its path. The copy belongs to its owner alone: layers have files of all users. */
export function copyImage(
  machine: RunningSystem,
  path: string,
  image: StoredImage,
  { folder, file, replace }: CopyTarget,
): Result<void> {
  const part = `${folder}/${PART}`;
  const failed = (why: string): Result<never> => err(copyFailed(`${folder}/${file}`, why));
  const refused = machine.makeFile(part);
  if (refused !== undefined) return failed(refused);
  let done = false;
  try {
    const copied = machine.run(['cp', '--', path, part]);
    if (copied.code !== 0) return failed(copied.stderr.trim());
    const flushed = machine.run(['sync', part]);
    if (flushed.code !== 0) return failed(flushed.stderr.trim());
    const whole = verifyOne(machine, folder, { ...image, file: PART });
    if (machine.interrupted()) return err(INTERRUPTED);
    if (!whole.ok) return whole;
    const target = `${folder}/${file}`;
    if (!replace && machine.info(target) !== undefined) return failed('it exists by now');
    const moved = machine.run(['mv', '--no-target-directory', '--force', '--', part, target]);
    if (moved.code !== 0) return failed(moved.stderr.trim());
    done = true;
    let named = machine.run(['sync', folder]);
    if (named.code !== 0) named = machine.run(['sync', folder]);
    return named.code === 0 ? ok() : failed(named.stderr.trim());
  } finally {
    if (!done) machine.run(['rm', '-f', '--', part]);
  }
}

function copyFailed(where: string, why: string): Problem {
  return {
    code: 'copy-failed',
    what: 'cannot copy the layer',
    where: quoteName(where),
    why,
    next: 'check the room and the permissions there; what was written was removed',
  };
}
