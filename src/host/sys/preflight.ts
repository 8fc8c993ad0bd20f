/**
 * What a build needs from this host, tested before anything is fetched: otherwise a tool fails half-way, with
 * its own message.
 */

import { readFileSync } from 'node:fs';
import type { ProblemCode } from '../../core/problems/codes.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { BUILDING, tooFewOpenFiles } from './open-files.js';
import { run } from './run.js';
import { NOBODY_ID } from './sub-ids.js';
import { inUserNamespace, usableIds } from './user-namespace.js';

/** Capabilities of root that a build needs, by number (linux/capability.h). */
const CAPABILITIES: Readonly<Record<string, number>> = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_ADMIN: 21,
  CAP_MKNOD: 27,
  CAP_SETFCAP: 31,
};

/** Those that are missing, from the text of /proc/PID/status (proc_pid_status(5)). */
export function missingCapabilities(status: string): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? 'ffffffffffffffff'}`);
  return Object.entries(CAPABILITIES)
    .filter(([, number]) => ((effective >> BigInt(number)) & 1n) === 0n)
    .map(([name]) => name);
}

/** Whether this process may do what a build needs. */
export function checkProcess(proc = '/proc/self'): Result<void> {
  const few = tooFewOpenFiles(BUILDING);
  if (few !== undefined) return err(few);
  // First: capabilities, which may be missing as well, would not help there.
  const ids = usableIds(proc);
  if (ids <= NOBODY_ID) return err(tooFewIds(ids));
  // In a user namespace mknod(2) is refused whatever they are, and packing does without.
  const rootless = inUserNamespace(proc);
  const missing = missingCapabilities(readFileSync(`${proc}/status`, 'utf8')).filter(
    (name) => !(rootless && name === 'CAP_MKNOD'),
  );
  if (missing.length === 0) return ok();
  const flags = missing.map((name) => `--cap-add=${name.replace('CAP_', '')}`).join(' ');
  return err({
    code: 'capabilities-missing',
    what: 'this process lacks capabilities that a build needs',
    where: missing.join(', '),
    why: 'a Debian tree has device nodes and files of many owners, and its programs run in their own namespaces',
    next: `build outside of the container, or start it with ${flags}`,
    suggestion: flags,
  });
}

function tooFewIds(ids: number): Problem {
  return {
    code: 'user-namespace',
    what: 'this process is root only in its container, which has too few users',
    where: '/proc/self/uid_map',
    why: `its ids end at ${ids - 1}: ${NOBODY_ID} (nobody, nogroup) is beyond them`,
    next: 'build outside of the container, or start it with a larger range of users',
  };
}

/**
 * Tests a folder. $1 is the folder, $2 is not empty if device nodes are needed. Prints the word of the first
 * test that fails, and removes its files.
 */
const PROBE = `exec 2>&1
probe=$(mktemp -d "$1/.probe-XXXXXX") || { echo; echo write; exit 0; }
trap 'rm -rf "$probe"' EXIT
cd "$probe"
fail() { echo; echo "$1"; exit 0; }
echo x > file || fail write
ln -s nowhere link || fail links
chown 1:1 file && [ "$(stat -c %u:%g file)" = 1:1 ] || fail owners
chmod 4751 file && [ "$(stat -c %a file)" = 4751 ] || fail modes
[ ! -e FILE ] || fail case
[ -z "$2" ] || mknod node c 1 3 || fail nodes
printf '#!/bin/sh\\nexit 0\\n' > program
chmod 755 program
./program || fail programs
echo; echo fine`;

const WRONG: Readonly<Record<string, readonly [code: ProblemCode, why: string]>> = {
  write: ['folder-not-writable', 'it cannot be written to'],
  links: ['folder-without-links', 'its file system has no symbolic links'],
  owners: ['folder-without-owners', 'its files cannot be given to other users'],
  modes: ['folder-without-modes', 'its file system does not keep file modes'],
  case: ['folder-without-case', 'its file system is case-insensitive'],
  nodes: ['folder-without-nodes', 'device nodes cannot be created there'],
  programs: ['folder-without-programs', 'programs cannot be run there: it is mounted noexec'],
};

/**
 * Whether a Debian tree can be created in the folder. `what` names it in the message ("the output folder"),
 * `option` sets another one.
 */
export async function checkFolder(
  folder: string,
  { what, option }: { readonly what: string; readonly option: string },
  signal: AbortSignal,
): Promise<Result<void>> {
  const probed = await run(
    { file: 'sh', args: ['-c', PROBE, 'mkma', folder, inUserNamespace() ? '' : 'nodes'] },
    { signal },
  );
  if (!probed.ok) return probed;
  const lines = probed.value.stdout.trimEnd().split('\n');
  const wrong = WRONG[lines.at(-1) ?? ''];
  if (wrong === undefined) return ok();
  const [code, why] = wrong;
  const said = lines.slice(0, -1).filter(Boolean).at(-1);
  return err(refusal({ code, what: `cannot use ${what}`, where: folder }, why, said, option));
}

function refusal(
  problem: Pick<Problem, 'code' | 'what' | 'where'>,
  why: string,
  said: string | undefined,
  option: string,
): Problem {
  return {
    ...problem,
    why: said === undefined ? why : `${why}\n${said}`,
    next: `name another one with ${option}: on ext4, btrfs, xfs or tmpfs, mounted without noexec`,
  };
}
