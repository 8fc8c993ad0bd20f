/**
 * What a hook leaves mounted is unmounted and reported, since its author may take it for a part of the image.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../core/result.js';
import { encodeName, isWithin } from '../../core/text/path.js';
import type { Command } from '../sys/command.js';
import { describeMount, type Mount, mountsIn, parseMounts, readMounts } from '../sys/mounts.js';
import { run } from '../sys/run.js';

/**
 * Records the mounts once the program has ended, before the kernel removes them with the namespace. $1: file
 * for them.
 */
const LOOK = 'f=$1; shift; "$@"; code=$?; cat /proc/self/mountinfo > "$f"; exit "$code"';

/** Runs the program in a mount namespace of its own; `file` then has the mounts at its end. */
export function withLastLook(command: Command, file: string): Command {
  const args = ['-c', LOOK, 'sh', file, command.file, ...command.args];
  return { ...command, file: 'sh', args, isolated: true };
}

/** Where mkma itself mounts something while a program runs in the tree (enter-tree.ts). */
const OWN = ['proc', 'sys', 'dev', 'run', 'tmp', 'etc/resolv.conf'];

/**
 * The recorded mounts in the tree at `root` and in the folder `output`, except those of mkma and of this
 * host.
 */
export function seenAtLast(file: string, root: string, output: string): string[] {
  if (!existsSync(file)) return []; // the hook unmounted /proc
  const [top, folder] = [realpathSync(root), realpathSync(output)];
  const own = OWN.map((name) => join(top, name));
  const here = new Set(readMounts().map(({ point }) => point));
  const table = parseMounts(readFileSync(file));
  return table
    .filter(({ point }) => isWithin(point, top) || isWithin(point, folder))
    .filter(({ point }) => !here.has(point) && !own.some((path) => isWithin(point, path)))
    .map((mount) => describeMount(mount, table));
}

/**
 * Unmounts in this namespace what is new below the folders since `before`: what a function left, whose
 * programs may still use it. Resolves to these mounts.
 */
export async function releaseNew(
  folders: readonly string[],
  before: readonly Mount[],
): Promise<readonly string[]> {
  const table = readMounts();
  const old = new Set(before.map(({ id }) => id));
  const found = folders.flatMap((folder) => mountsIn(folder, table)).filter(({ id }) => !old.has(id));
  const left = [...new Map(found.map((mount) => [mount.id, mount])).values()];
  if (left.length === 0) return [];
  // Nested mounts come first; names may have any byte, so they cannot be arguments.
  const input = Buffer.from(
    encodeName(
      [...left]
        .reverse()
        .map(({ point }) => `${point}\0`)
        .join(''),
    ),
  );
  await run({ file: 'xargs', args: ['-0', 'umount', '--lazy', '--'], input });
  return left.map((mount) => describeMount(mount, table));
}

/** The warning that a hook left mounts. */
export function hookLeft(where: string, mounts: readonly string[]): Problem {
  return {
    code: 'hook-left-mount',
    what: 'a hook left something mounted; it was unmounted',
    where,
    why: mounts.join('\n'),
    next: 'unmount it in the hook; copy what the image is to contain',
  };
}
