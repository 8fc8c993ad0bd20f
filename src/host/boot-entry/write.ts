/** Carries out a plan: at every moment the entries on the medium name complete files. */
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { mebibytes } from '../../core/text/size.js';
import { flush, publishFile } from '../sys/files.js';
import { removeTree } from '../sys/remove.js';
import { type Copies, digestOf, firstExisting, type Plan, sizeOf, type Write } from './plan.js';

/**
 * What a FAT file system needs besides the files: folders and the ends of clusters (at most 64 KiB each),
 * generously.
 */
const MARGIN = 2 ** 20;

/**
 * Writes the copies, then the entries, then removes entries and copies that are no longer needed. A failure
 * leaves the older entries with their files.
 */
export async function writePlan(plan: Plan): Promise<Result<void>> {
  const allowed = mayWrite(plan);
  if (!allowed.ok) return allowed;
  const room = requireRoom(plan);
  if (!room.ok) return room;
  const { copies, goneEntries, older } = plan;
  // The remains of a killed run would only take up room.
  const [unfinished, finished] = [older.filter(isUnfinished), older.filter((path) => !isUnfinished(path))];
  for (const folder of unfinished) removeTree(folder);
  for (const one of copies) {
    const copied = await publishCopies(one);
    if (!copied.ok) return copied;
  }
  for (const write of plan.writes.filter(({ upToDate }) => !upToDate)) {
    const written = writeEntry(write);
    if (!written.ok) return written;
  }
  for (const file of goneEntries) {
    rmSync(file);
    flush(dirname(file));
  }
  for (const folder of finished) removeTree(folder);
  return ok();
}

function isUnfinished(folder: string): boolean {
  return basename(folder).startsWith('.');
}

function mayWrite(plan: Plan): Result<void> {
  const targets = [...plan.writes.map(({ file }) => file), ...plan.copies.map(({ to }) => to)];
  for (const folder of targets.map((path) => firstExisting(dirname(path)))) {
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch (cause) {
      const why =
        (cause as NodeJS.ErrnoException).code === 'EROFS' ? 'it is mounted read-only' : 'permission denied';
      const next = 'run it as root (sudo), with the file system mounted writable';
      return err({
        code: 'boot-loader-not-writable',
        what: "cannot write to the boot loader's folder",
        where: folder,
        why,
        next,
      });
    }
  }
  return ok();
}

async function publishCopies(copies: Copies): Promise<Result<void>> {
  const { from, to, names } = copies;
  makeFolders(dirname(to));
  const made = join(dirname(to), `.${basename(to)}.new`);
  try {
    mkdirSync(made);
    for (const name of names) {
      copyFileSync(join(from, name), join(made, name));
      flush(join(made, name));
    }
    if ((await digestOf(made, names)) !== copies.digest) {
      const next = 'wait for the build that writes them to end, then try again';
      return err({
        code: 'images-changed',
        what: 'the images changed while they were being copied',
        where: from,
        next,
      });
    }
    flush(made);
    removeTree(to);
    renameSync(made, to);
    flush(dirname(to));
    return ok();
  } finally {
    removeTree(made);
  }
}

/**
 * Whether the copies of a plan fit on the ESP, or in /boot, beside what stays there; reports how much is
 * missing. Changes nothing.
 */
export function requireRoom({ copies, older, entries }: Plan): Result<void> {
  // Only GRUB's plan has them; it copies only what GRUB cannot read.
  const onVolumes = entries !== undefined;
  const [first] = copies;
  if (first === undefined) return ok();
  const { bavail, bsize } = statfsSync(firstExisting(first.to));
  const freed = older.filter(isUnfinished).reduce((sum, path) => sum + sizeOf(path, readdirSync(path)), 0);
  const free = bavail * bsize + freed;
  const needed = copies.reduce((sum, { bytes }) => sum + bytes + MARGIN, 0);
  if (free >= needed) return ok();
  const several = copies.length === 1 ? '' : ` of ${copies.length} generations`;
  return err({
    code: 'boot-loader-full',
    what: 'not enough room for the files that the boot loader loads',
    where: first.to,
    why: `${first.names.join(' and ')}${several} take ${mebibytes(needed)} MiB, ${Math.floor(free / 2 ** 20)} MiB are free; what is in use stays until the new files are complete`,
    next: `free ${mebibytes(needed - free)} MiB there${several === '' ? '' : ', or drop a generation (mkma generations drop)'}${onVolumes ? '' : '; or boot with GRUB, which reads them in place'}`,
  });
}

function writeEntry({ file, content }: Write): Result<void> {
  try {
    makeFolders(dirname(file));
    replaceFile(file, content);
    return ok();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw cause;
    return err({
      code: 'boot-loader-full',
      what: 'not enough room for the boot loader entry',
      where: file,
      why: `the file system is ${code === 'ENOSPC' ? 'full' : 'at its quota'}; the previous entry was kept`,
      next: 'free 1 MiB there',
    });
  }
}

function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  mkdirSync(path);
  flush(dirname(path));
}

/** Replaces a file of the boot loader atomically. It keeps its mode and owner: it may contain a password. */
function replaceFile(file: string, content: string): void {
  const present = existsSync(file) ? statSync(file) : undefined;
  const made = join(dirname(file), `.${basename(file)}.new`);
  try {
    rmSync(made, { force: true });
    writeFileSync(made, content, { flag: 'wx', mode: present === undefined ? 0o644 : 0o600 });
    if (present !== undefined) chmodSync(made, present.mode & 0o7777);
    publishFile(made, file, present === undefined ? undefined : { uid: present.uid, gid: present.gid });
  } catch (cause) {
    rmSync(made, { force: true });
    throw cause;
  }
}
