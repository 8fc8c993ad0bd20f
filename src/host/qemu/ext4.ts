/**
 * ext4 file systems in a file, created and changed without mounting and without root, by e2fsprogs (1.47).
 */
import { closeSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { failure, run, runAny } from '../sys/run.js';

/** Makes `file` a sparse ext4 file system of `size` bytes. Earlier content is lost. */
export async function makeExt4(
  file: string,
  size: number,
  names: { readonly label: string; readonly uuid: string },
  signal: AbortSignal,
): Promise<Result<void>> {
  rmSync(file, { force: true });
  writeFileSync(file, '', { mode: 0o600 });
  truncateSync(file, size);
  const layout = ['-t', 'ext4', '-L', names.label, '-U', names.uuid, '-m', '0', '-J', 'size=16'];
  const lazy = ['-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard'];
  const made = await run({ file: 'mke2fs', args: ['-q', '-F', ...layout, ...lazy, file] }, { signal });
  return made.ok ? ok() : made;
}

/** Replays the journal and repairs what a killed machine left. A Problem if e2fsck(8) needs a person. */
export async function repairExt4(file: string, signal: AbortSignal): Promise<Result<void>> {
  const command = { file: 'e2fsck', args: ['-p', file] };
  const done = await runAny(command, { signal });
  if (!done.ok) return done;
  // Exit codes 0 and 1: clean, or repaired.
  return done.value.exitCode <= 1 ? ok() : err(failure(command, done.value));
}

/** What is at the absolute `path` of a file system; `undefined` if nothing. */
export async function statInExt4(
  file: string,
  path: string,
  signal: AbortSignal,
): Promise<Result<{ readonly type: string; readonly size: number } | undefined>> {
  const done = await run({ file: 'debugfs', args: ['-R', `stat ${path}`, file] }, { signal });
  if (!done.ok) return done;
  const [, type, size] = /Type: (\w+)[\s\S]*?\bSize: (\d+)/.exec(done.value.stdout) ?? [];
  return ok(type === undefined ? undefined : { type, size: Number(size) });
}

/** The names in the folder at the absolute `path`, with the size of each; none if there is no such folder. */
export async function listInExt4(
  file: string,
  path: string,
  signal: AbortSignal,
): Promise<Result<readonly { readonly name: string; readonly size: number }[]>> {
  const done = await run({ file: 'debugfs', args: ['-R', `ls -p ${path}`, file] }, { signal });
  if (!done.ok) return done;
  // /INODE/MODE/UID/GID/NAME/SIZE/, with an empty size for folders (debugfs(8), "ls").
  const lines = done.value.stdout.matchAll(/^\/\d+\/\d+\/\d+\/\d+\/([^/]+)\/(\d*)\/$/gm);
  const entries = [...lines].map(([, name = '', size = '']) => ({ name, size: Number(size) }));
  return ok(entries.filter(({ name }) => name !== '.' && name !== '..'));
}

/**
 * Copies the file at the absolute `path` into the host's folder `into` as `name`, with its time. Whether it
 * was copied is for the caller to see: debugfs always exits with 0.
 */
export async function getFromExt4(
  file: string,
  path: string,
  to: { readonly into: string; readonly name: string },
  signal: AbortSignal,
): Promise<Result<void>> {
  const script = ['-R', `dump -p ${path} ${to.name}`, file];
  const done = await run({ file: 'debugfs', args: script, cwd: to.into }, { signal });
  return done.ok ? ok() : done;
}

/**
 * Copies the file `name` of the host's folder `from` into the folder `into` (one level below the root,
 * created if missing) under the same name, replacing an older one. debugfs always exits with 0: the outcome
 * is read back.
 */
export async function putInExt4(
  file: string,
  put: { readonly from: string; readonly name: string; readonly into: string; readonly size: number },
  signal: AbortSignal,
): Promise<Result<void>> {
  const folder = await statInExt4(file, `/${put.into}`, signal);
  if (!folder.ok) return folder;
  const older = await statInExt4(file, `/${put.into}/${put.name}`, signal);
  if (!older.ok) return older;
  const script = [
    // Its mkdir of an existing folder leaks an inode (1.47.0).
    ...(folder.value === undefined ? [`mkdir /${put.into}`] : []),
    `cd /${put.into}`,
    ...(older.value === undefined ? [] : [`rm ${put.name}`]),
    `write ${put.name} ${put.name}`,
  ];
  const input = `${script.join('\n')}\n`;
  const written = await run(
    { file: 'debugfs', args: ['-w', '-f', '-', file], cwd: put.from, input },
    { signal },
  );
  if (!written.ok) return written;
  const now = await statInExt4(file, `/${put.into}/${put.name}`, signal);
  if (!now.ok) return now;
  if (now.value?.size === put.size) return ok();
  return err({
    code: 'vm-disk-not-writable',
    what: `cannot copy ${put.name} to the virtual machine's disk`,
    where: file,
    why: written.value.stderr.trim().split('\n').at(-1) ?? '',
    next: `check whether the file system of ${dirname(file)} is full`,
  });
}

/** Removes the file at the absolute `path`, if it exists. */
export async function removeInExt4(file: string, path: string, signal: AbortSignal): Promise<Result<void>> {
  const done = await run({ file: 'debugfs', args: ['-w', '-R', `rm ${path}`, file] }, { signal });
  if (!done.ok) return done;
  const left = await statInExt4(file, path, signal);
  if (!left.ok) return left;
  if (left.value === undefined) return ok();
  const why = done.value.stderr.trim().split('\n').at(-1) ?? '';
  return err({
    code: 'vm-disk-not-writable',
    what: `cannot remove ${path} from the virtual machine's disk`,
    where: file,
    why,
  });
}

/** Free bytes of the file system, from its superblock (kernel: fs/ext4/ext4.h, struct ext4_super_block). */
export function freeInExt4(file: string): number | undefined {
  const bytes = new Uint8Array(1024);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, bytes, 0, 1024, 1024);
  } finally {
    closeSync(fd);
  }
  const view = new DataView(bytes.buffer);
  if (view.getUint16(0x38, true) !== 0xef53) return undefined;
  const blockSize = 1024 << view.getUint32(0x18, true);
  const free = view.getUint32(0x0c, true) + view.getUint32(0x158, true) * 2 ** 32;
  return free * blockSize;
}
