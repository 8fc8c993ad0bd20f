/** A new large file: made beside its name, which it gets once it is complete. */
import { existsSync, lstatSync, realpathSync, rmSync, statfsSync, statSync, truncateSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { flush, giveTo, type Owner } from '../sys/files.js';
import { tryLock } from '../sys/lock.js';
import { failure, runAny } from '../sys/run.js';

/** The path of a file to be made, links resolved; a Problem if it exists, or if its folder does not. */
export function newFile(path: string): Result<string> {
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return err(noFolder(path));
  // A link that leads nowhere is somebody's file too.
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return err(exists(path));
  return ok(join(realpathSync(folder), basename(path)));
}

/** Makes it with `make`, which gets the name of an empty file. Whatever fails leaves nothing. */
export async function publishNew(
  path: string,
  owner: Owner | undefined,
  signal: AbortSignal,
  make: (file: string) => Promise<Result<void>>,
): Promise<Result<void>> {
  const made = join(dirname(path), `.${basename(path)}.new`);
  if (isForeign(made)) return err(foreign(made));
  const lock = await tryLock(made, signal);
  if (!lock.ok) return lock;
  if (lock.value === undefined) return err(taken(path));
  using _held = lock.value;
  if (isForeign(made)) return err(foreign(made));
  try {
    // What a killed run left in it goes first.
    truncateSync(made, 0);
    const done = await make(made);
    if (!done.ok) return done;
    giveTo(made, owner);
    flush(made);
    const named = await giveName(made, path);
    if (!named.ok) return named;
    flush(dirname(path));
    return ok();
  } finally {
    rmSync(made, { force: true });
  }
}

/**
 * Renames it, and replaces nothing: mv(1) asks for that with RENAME_NOREPLACE (renameat2(2)), which FAT knows
 * too, while link(2) is not possible there. Older ones end with 0 where there is another file.
 */
async function giveName(made: string, path: string): Promise<Result<void>> {
  const args = ['--no-clobber', '--no-target-directory', '--', made, path];
  const moved = await runAny({ file: 'mv', args });
  if (!moved.ok) return moved;
  if (!existsSync(made)) return ok();
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  return err(isThere ? exists(path) : failure({ file: 'mv', args }, moved.value));
}

/** Whether what has the name is no file that a killed run left: writing to it would change another file. */
function isForeign(made: string): boolean {
  const stats = lstatSync(made, { throwIfNoEntry: false });
  return stats !== undefined && (!stats.isFile() || stats.nlink > 1);
}

function foreign(made: string): Problem {
  return {
    code: 'target-in-use',
    what: 'the name under which the file is made is taken',
    where: made,
    why: 'it is a link, or no file',
    next: 'move it away, or name another file',
  };
}

/** Whether the file system of a new file has room for this many bytes. */
export function requireRoom(path: string, bytes: number): Result<void> {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize >= bytes) return ok();
  return err({
    code: 'medium-no-room',
    what: 'not enough room for this file',
    where: path,
    why: `it takes ${formatBytes(bytes)}; ${formatBytes(bavail * bsize)} are free`,
    next: 'free some space, or name a file on another file system',
  });
}

function exists(path: string): Problem {
  return {
    code: 'target-not-medium',
    what: 'this file exists, and is never overwritten',
    where: path,
    next: 'name a new file, or remove this one',
  };
}

function noFolder(path: string): Problem {
  return {
    code: 'no-such-folder',
    what: 'the folder of the new file does not exist',
    where: dirname(path),
    next: 'create it, or name a file in another one',
  };
}

function taken(path: string): Problem {
  return {
    code: 'target-in-use',
    what: 'another program makes this file',
    where: path,
    next: 'wait for it to end, or name another file',
  };
}
