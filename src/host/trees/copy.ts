/** Copies of trees with everything that a file has: owners, times, attributes, hard links, device nodes. */
import { ok, type Result } from '../../core/result.js';
import { decodeName, encodeName } from '../../core/text/path.js';
import { shellQuote } from '../sys/command.js';
import { removeTree } from '../sys/remove.js';
import { run, runBytes } from '../sys/run.js';
import type { Change } from './changes.js';
import { ifThere } from './if-there.js';

const CARRY = ['--numeric-owner', '--acls', '--xattrs', '--xattrs-include=*'];
/** With times to the nanosecond. A sparse file stays one. */
const READ = ['--create', '--format=posix', '--pax-option=delete=atime,delete=ctime', '--sparse', ...CARRY];
const WRITE = ['--extract', '--preserve-permissions', '--delay-directory-restore', ...CARRY];

function pipe(
  from: string,
  to: string,
  what: readonly string[],
): { readonly file: string; readonly args: string[] } {
  const reader = ['tar', '-C', from, ...READ, '-f', '-', ...what].map(shellQuote).join(' ');
  const writer = ['tar', '-C', to, ...WRITE, '-f', '-'].map(shellQuote).join(' ');
  return { file: 'bash', args: ['--norc', '--noprofile', '-o', 'pipefail', '-c', `${reader} | ${writer}`] };
}

/** Copies the tree at `from` into the existing folder `to`, which is empty. */
export async function copyTree(from: string, to: string, signal: AbortSignal): Promise<Result<void>> {
  const copied = await run(pipe(from, to, ['.']), { signal });
  return copied.ok ? ok() : copied;
}

/**
 * Makes the tree at `to` equal to that at `from`, which differs from it in `changes` alone. Everything else
 * stays as it is, inodes and change times included. Resolves to `false` where only a copy of the whole tree
 * is exact: a file has a name that is not among the changes, or the root had attributes.
 */
export async function updateTree(
  from: string,
  to: string,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<Result<boolean>> {
  const copied: string[] = [];
  /** What is no folder now: nothing is below it. */
  const leaves = new Set<string>();
  const links = new Map<number, { names: number; all: number }>();
  const whole = new Set<string>();
  for (const { path, extent } of changes) {
    if (parentsOf(path).some((parent) => whole.has(parent) || leaves.has(parent))) continue;
    if (path === '.' && extent === 'whole') return ok(false);
    const [wanted, present] = [from, to].map((root) => ifThere(root, path));
    const folder = wanted?.isDirectory() === true;
    const stays = path === '.' || (extent === 'entry' && folder && present?.isDirectory() === true);
    if (present !== undefined && !stays) removeTree(`${to}/${path}`, to);
    if (!folder) leaves.add(path);
    if (wanted === undefined) continue;
    if (!folder && wanted.nlink > 1) {
      const { names } = links.get(wanted.ino) ?? { names: 0 };
      links.set(wanted.ino, { names: names + 1, all: wanted.nlink });
    }
    if (folder && !stays) whole.add(path);
    copied.push(path);
  }
  if ([...links.values()].some(({ names, all }) => names < all)) return ok(false);
  const below = await everythingBelow(from, [...whole], signal);
  if (!below.ok) return below;
  const input = encodeName([...copied, ...below.value].map((path) => `${path}\0`).join(''));
  const listed = ['--no-recursion', '--null', '--files-from=-'];
  const updated = await run({ ...pipe(from, to, listed), input }, { signal });
  return updated.ok ? ok(true) : updated;
}

/** `a/b/c` has the parents `a` and `a/b`. */
function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

async function everythingBelow(
  root: string,
  folders: readonly string[],
  signal: AbortSignal,
): Promise<Result<string[]>> {
  if (folders.length === 0) return ok([]);
  const args = ['-files0-from', '-', '-mindepth', '1', '-print0'];
  const input = encodeName(folders.map((path) => `./${path}\0`).join(''));
  const found = await runBytes({ file: 'find', args, cwd: root, input }, { signal });
  if (!found.ok) return found;
  return ok(
    decodeName(found.value)
      .split('\0')
      .slice(0, -1)
      .map((path) => path.slice(2)),
  );
}
