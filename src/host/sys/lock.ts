/** Locks between processes: released when the process that holds one ends, however it ends. */
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { type Owner, whereOwnersAre } from './files.js';
import { type Finished, Interrupted, start } from './run.js';

/** A held lock; disposing releases it. */
export interface Lock {
  [Symbol.dispose](): void;
}

const BUSY = 75;

/**
 * Takes the lock on `file` (created if missing) without waiting; `undefined` if another process holds it.
 * flock(1) locks the open file description it shares with us (flock(2)), so our descriptor holds the lock on.
 */
export async function tryLock(
  file: string,
  signal?: AbortSignal,
  owner?: Owner,
): Promise<Result<Lock | undefined>> {
  return tryOpened(file, signal, () => openLock(file, owner));
}

/** Opens the file of a lock, and creates it if missing. */
function openLock(file: string, owner: Owner | undefined): number {
  const fd = openSync(file, 'a');
  if (owner !== undefined) whereOwnersAre(() => fchownSync(fd, owner.uid, owner.gid));
  return fd;
}

/** Like {@link tryLock} for an existing file, which this process need not be able to write. */
export async function tryLockExisting(file: string): Promise<Result<Lock | undefined>> {
  return tryOpened(file, undefined, () => openSync(file, 'r'));
}

/** Like {@link tryLock}, for a lock that several may hold who only use what it protects. */
async function tryLockShared(
  file: string,
  signal: AbortSignal,
  owner?: Owner,
): Promise<Result<Lock | undefined>> {
  return tryOpened(file, signal, () => openLock(file, owner), ['--shared']);
}

async function tryOpened(
  file: string,
  signal: AbortSignal | undefined,
  open: () => number,
  how: readonly string[] = [],
): Promise<Result<Lock | undefined>> {
  let fd: number;
  try {
    fd = open();
  } catch (cause) {
    return err({
      code: 'lock-not-opened',
      what: 'cannot open the lock',
      where: file,
      why: (cause as Error).message,
      next: 'run as the owner of the folder',
    });
  }
  return lockOpen(fd, file, signal, how);
}

/** Errors that mean that a name is not, or no longer, that of a folder which this process may open. */
const NO_FOLDER = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'];

/** Like {@link tryLock} for a folder; `undefined` also if there is none, or if it was replaced meanwhile. */
export async function tryLockFolder(folder: string, signal?: AbortSignal): Promise<Result<Lock | undefined>> {
  let fd: number;
  try {
    fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (cause) {
    if (NO_FOLDER.includes((cause as NodeJS.ErrnoException).code ?? '')) return ok(undefined);
    throw cause;
  }
  const [own, lock] = [fstatSync(fd), await lockOpen(fd, folder, signal)];
  if (!lock.ok || lock.value === undefined) return lock;
  const now = lstatSync(folder, { throwIfNoEntry: false });
  if (now?.ino === own.ino && now.dev === own.dev) return lock;
  lock.value[Symbol.dispose]();
  return ok(undefined);
}

/** Locks an open descriptor, and closes it on failure. */
async function lockOpen(
  fd: number,
  path: string,
  signal: AbortSignal | undefined,
  how: readonly string[] = [],
): Promise<Result<Lock | undefined>> {
  const lock: Lock = { [Symbol.dispose]: () => closeSync(fd) };
  const flock = { file: 'flock', args: [...how, '--nonblock', '--conflict-exit-code', String(BUSY), '0'] };
  let ended: Result<Finished>;
  try {
    ended = await start(flock, { stdin: fd, signal }).ended;
    if (signal?.aborted) throw new Interrupted();
  } catch (cause) {
    closeSync(fd);
    throw cause;
  }
  if (ended.ok && ended.value.exitCode === 0) return ok(lock);
  closeSync(fd);
  if (!ended.ok) return ended;
  if (ended.value.exitCode === BUSY) return ok(undefined);
  return err({ code: 'lock-failed', what: 'cannot lock', where: path, why: ended.value.stderr.trim() });
}

/**
 * Takes the lock or fails: with this problem, and its holder, as that process has written it into the file.
 */
export async function takeLock(
  file: string,
  taken: Problem,
  options: { readonly signal?: AbortSignal | undefined; readonly owner?: Owner | undefined } = {},
): Promise<Result<Lock>> {
  const lock = await tryLock(file, options.signal, options.owner);
  if (!lock.ok) return lock;
  if (lock.value === undefined) return err({ ...taken, why: `held by ${readHolder(file)}` });
  writeFileSync(file, `process ${process.pid} since ${new Date().toISOString()}\n`);
  return ok(lock.value);
}

/** Takes the lock, waiting for others to release it. `onWait` is called once if that is needed. */
export function waitLock(
  file: string,
  signal: AbortSignal,
  onWait: () => void,
  owner?: Owner,
): Promise<Result<Lock>> {
  return waitFor(() => tryLock(file, signal, owner), signal, { onWait, pause: 300 });
}

/** Like {@link waitLock}, for a lock that several may hold who only use what it protects. */
export function waitLockShared(file: string, signal: AbortSignal, owner?: Owner): Promise<Result<Lock>> {
  return waitFor(() => tryLockShared(file, signal, owner), signal, { pause: 300 });
}

/**
 * Like {@link waitLock} for the lock on a folder, which others hold briefly; the folder is created if
 * missing.
 */
export function waitLockFolder(folder: string, signal: AbortSignal): Promise<Result<Lock>> {
  const take = (): Promise<Result<Lock | undefined>> => {
    mkdirSync(folder, { recursive: true });
    return tryLockFolder(folder, signal);
  };
  return waitFor(take, signal, { pause: 20 });
}

async function waitFor(
  take: () => Promise<Result<Lock | undefined>>,
  signal: AbortSignal,
  { onWait, pause }: { readonly onWait?: () => void; readonly pause: number },
): Promise<Result<Lock>> {
  for (let noted = false; ; noted = true) {
    if (signal.aborted) throw new Interrupted();
    const lock = await take();
    if (!lock.ok) return lock;
    if (lock.value !== undefined) return ok(lock.value);
    if (!noted) onWait?.();
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}
