/**
 * A user namespace in which a plain user is root: mkma runs there once more, with mounts of its own, and all
 * that follows can chown, mount and chroot as for root (docs/decisions/0043).
 */
import { readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Command } from './command.js';
import type { StartOptions } from './launch.js';
import { type Finished, type Running, run, start } from './run.js';
import { ownMaps } from './sub-ids.js';
import { type IdMapping, type IdMaps, OUTER_USERS, PRESENT_USERS } from './user-namespace.js';

/**
 * Waits until the namespace has its maps, then runs the rest, tied to mkma: entering the namespace has
 * cleared the parent-death signal (commit_creds() in kernel/cred.c). $1: mkma's process id. It ends where
 * mkma has ended before it was tied.
 */
const ENTER = `parent=$1; shift
orphaned() { read -r _ _ _ now _ </proc/self/stat; [ "$now" != "$parent" ]; }
until read -r _ </proc/self/uid_map && read -r _ </proc/self/gid_map; do
  if orphaned; then exit 1; fi
  sleep 0.01
done
exec setpriv --pdeathsig KILL -- sh -c '
parent=$1; shift
read -r _ _ _ now _ </proc/self/stat
if [ "$now" != "$parent" ]; then exit 1; fi
exec "$@"' sh "$parent" "$@"`;

/** Arguments of newuidmap(1) for a map. */
function triples(map: readonly IdMapping[]): string[] {
  return map.flatMap(({ inside, outside, count }) => [inside, outside, count].map(String));
}

/**
 * Starts a command as root of a new user namespace with these ids. A namespace that cannot be entered is how
 * the command ends.
 */
export async function startWithUsers(
  command: Command,
  maps: IdMaps,
  options: StartOptions & { readonly signal: AbortSignal },
): Promise<Result<Running>> {
  const { file, args, ...rest } = command;
  const words = ['--user', '--', 'sh', '-c', ENTER, 'sh', String(process.pid), file, ...args];
  const running = start({ ...rest, file: 'unshare', args: words }, options);
  const given = await giveIds(running, maps, options.signal);
  return given.ok ? ok(running) : given;
}

/** Waits until the process is in a user namespace of its own, then gives it the ids. */
async function giveIds(running: Running, maps: IdMaps, signal: AbortSignal): Promise<Result<void>> {
  const { pid } = running;
  if (pid === undefined) return ok();
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  const own = readlinkSync(PRESENT_USERS);
  for (;;) {
    // Where it ended, that is the failure.
    if (over) return ok();
    try {
      if (readlinkSync(`/proc/${pid}/ns/user`) !== own) break;
    } catch {
      // It is changing its namespace, or has just ended.
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const both = { newuidmap: maps.users, newgidmap: maps.groups };
  for (const [file, map] of Object.entries(both)) {
    const given = await run({ file, args: [String(pid), ...triples(map)] }, { signal });
    if (given.ok) continue;
    running.kill('SIGKILL');
    await running.ended;
    return err(notMapped(given.problem));
  }
  return ok();
}

function notMapped({ code, what, why, next }: Problem): Problem {
  if (code === 'program-missing') return { code, what, ...(next === undefined ? {} : { next }) };
  return {
    code: 'ids-not-mapped',
    what: 'cannot build without root: the subordinate ids cannot be used',
    ...(why === undefined ? {} : { why }),
    next: 'check that newuidmap and newgidmap are set-user-ID root and not on a nosuid mount',
  };
}

/**
 * Runs mkma again, as root of a user namespace with mounts of its own, with this one's terminal, streams and
 * environment. Resolves to how it ended. Fails if {@link tryOwnUsers} would.
 * @public main.ts has it out of a spread of this module
 */
export async function runWithOwnUsers(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Result<Finished>> {
  const maps = await ownMaps(signal);
  if (!maps.ok) return maps;
  const node = [process.execPath, ...process.execArgv, script, ...args];
  const command: Command = {
    ...{ file: 'unshare', args: ['--mount', '--propagation', 'slave', '--', ...node] },
    env: {
      ...env,
      HOME: env.HOME ?? homedir(),
      // Root there is the caller, not somebody behind sudo.
      ...{ SUDO_UID: undefined, SUDO_GID: undefined, SUDO_USER: undefined },
      [OUTER_USERS]: readlinkSync(PRESENT_USERS),
    },
  };
  const running = await startWithUsers(command, maps.value, {
    ...{ stdin: 'inherit', stdout: 'inherit', stderr: 'inherit', foreground: true },
    signal,
  });
  return running.ok ? running.value.ended : running;
}
