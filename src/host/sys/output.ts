/** The output folder: created, checked, locked. */
import { accessSync, constants, existsSync, mkdirSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { giveTo, type Owner } from './files.js';
import { type Lock, takeLock, tryLockExisting, tryLockFolder } from './lock.js';
import { MAKE_SPACE } from './no-space.js';
import { removalProblem } from './remove.js';
import { makeScratch, type Scratch } from './scratch.js';

/** Where mkma keeps its own records in an output folder. */
export const STATE = '.mkma';

export interface OutputFolder {
  /** Absolute, symlinks resolved. */
  readonly path: string;
  readonly scratch: Scratch;
  /**
   * Removes unfinished files and releases the lock. `warn` is called if something is mounted in there, which
   * then stays.
   */
  readonly close: (warn: (problem: Problem) => void) => void;
}

/**
 * Opens the folder for building, and creates it if missing. Fails if it cannot be used or another build uses
 * it.
 */
export async function openOutput(
  path: string,
  owner: Owner | undefined,
  signal: AbortSignal,
): Promise<Result<OutputFolder>> {
  const refuse = (why: string): Result<OutputFolder> =>
    err({
      ...{
        code: 'output-folder-unusable',
        what: 'cannot use the output folder',
        where: path,
        why,
        next: 'name another one with --output',
      },
    });
  let real: string;
  try {
    makeFolders(path, owner);
    real = realpathSync(path);
    if (!statSync(real).isDirectory()) return refuse('it is not a folder');
    accessSync(real, constants.W_OK | constants.X_OK);
    makeFolders(join(real, STATE), owner);
  } catch (cause) {
    return refuse(inWords(cause as NodeJS.ErrnoException));
  }
  const lock = await takeLock(join(real, STATE, 'lock'), takenBy(real), { owner });
  if (!lock.ok) return lock;
  let scratch: Result<Scratch> | undefined;
  try {
    scratch = await makeScratch(join(real, STATE), signal);
    return scratch.ok ? ok(opened(real, scratch.value, lock.value)) : scratch;
  } catch (cause) {
    return err(removalProblem(cause));
  } finally {
    if (scratch?.ok !== true) lock.value[Symbol.dispose]();
  }
}

function takenBy(folder: string): Problem {
  return {
    code: 'output-folder-taken',
    what: 'another mkma is using this output folder',
    where: folder,
    next: 'wait for it to end, or name another folder with --output',
  };
}

/** Locks a folder with images against builds and other changes; it may be a copy that no build knows. */
export async function lockImages(folder: string, owner: Owner | undefined): Promise<Result<Lock>> {
  if (existsSync(join(folder, STATE)))
    return takeLock(join(folder, STATE, 'lock'), takenBy(folder), { owner });
  const lock = await tryLockFolder(folder);
  if (!lock.ok) return lock;
  return lock.value === undefined ? err(takenBy(folder)) : ok(lock.value);
}

/**
 * Like {@link lockImages} for whoever only reads the images: of another user, or on a file system that is
 * mounted read-only, such as a CD. The same lock, so that no build changes them meanwhile.
 */
export async function lockToRead(folder: string, owner: Owner | undefined): Promise<Result<Lock>> {
  const own = await lockImages(folder, owner);
  if (own.ok || own.problem.code !== 'lock-not-opened') return own;
  const file = join(folder, STATE, 'lock');
  if (!existsSync(file) && !isReadOnly(folder)) return own;
  // Without a lock in a read-only file system, nobody builds there.
  const lock = existsSync(file) ? await tryLockExisting(file) : await tryLockFolder(folder);
  if (!lock.ok) return lock;
  return lock.value === undefined ? err(takenBy(folder)) : ok(lock.value);
}

/** Whether its file system is mounted read-only: access(2) says so to root too. */
function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EROFS';
  }
}

function opened(path: string, scratch: Scratch, lock: Lock): OutputFolder {
  const close = (warn: (problem: Problem) => void): void => {
    try {
      scratch.remove();
    } catch (cause) {
      warn(removalProblem(cause));
    } finally {
      lock[Symbol.dispose]();
    }
  };
  return { path, scratch, close };
}

/** Errors of the kernel about a folder, as text. */
function inWords({ code = '', message }: NodeJS.ErrnoException): string {
  const known: Readonly<Record<string, string>> = {
    EROFS: 'its file system is mounted read-only',
    EACCES: 'permission denied',
    ENOTDIR: 'a parent is not a folder',
    EEXIST: 'it is not a folder',
    ENOSPC: 'its file system is full',
  };
  return known[code] ?? message;
}

function makeFolders(path: string, owner?: Owner): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path), owner);
  mkdirSync(path);
  giveTo(path, owner);
}

/** Twice the number of files in a console machine's tree and images. */
const INODES = 60_000;

/**
 * Fails if the file system of `folder` has fewer than `bytes` free, or too few free inodes; reports the
 * numbers.
 */
export function requireSpace(folder: string, bytes: number, purpose: string): Result<void> {
  const { bavail, bsize, files, ffree } = statfsSync(folder);
  const free = bavail * bsize;
  // Some create them on demand and count none (btrfs).
  if (free >= bytes && files > 0 && ffree < INODES) {
    return err({
      code: 'too-few-inodes',
      what: `not enough inodes for ${purpose}`,
      where: folder,
      why: `${ffree} are free, about ${INODES} are needed`,
      next: 'remove some files, or name another folder with --output or --cache',
    });
  }
  if (free >= bytes) return ok();
  return err({
    code: 'too-little-space',
    what: `not enough space for ${purpose}`,
    where: folder,
    why: `${formatBytes(free)} are free, about ${formatBytes(bytes)} are needed`,
    next: MAKE_SPACE,
  });
}
