/**
 * A mount namespace for the whole of mkma, so that nothing that a function of the definition mounts reaches
 * this host, and all of it is unmounted with mkma's end, however it ends (docs/decisions/0015).
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { err, ok, type Result } from '../../core/result.js';
import type { Command } from './command.js';
import { type Finished, run, start } from './run.js';

/** Variable with the mount namespace in which mkma was started, for the mkma that runs in one of its own. */
const OUTER = 'MKMA_OUTER_MOUNTS';

function present(): string {
  return readlinkSync('/proc/self/ns/mnt');
}

/**
 * Whether this mkma runs in a namespace of its own. Programs it starts must not know: the mark is removed
 * from the environment.
 * @public main.ts has it out of a spread of this module
 */
export function hasOwnMounts(env: Record<string, string | undefined>): boolean {
  const outer = env[OUTER];
  delete env[OUTER];
  return outer !== undefined && outer !== present();
}

/**
 * Arguments of unshare(1). Later mounts of this host propagate to the new namespace, so that they are
 * detected and refused, and automounts work; nothing propagates the other way. In a chroot `/` is not a mount
 * point, and its propagation cannot be set.
 */
function namespace(): string[] {
  const rooted = /^\d+ \d+ \S+ \S+ \/ /m.test(readFileSync('/proc/self/mountinfo', 'latin1'));
  return ['--mount', '--propagation', rooted ? 'slave' : 'unchanged', '--'];
}

/** Whether a namespace can be created here. */
export async function canHaveOwnMounts(signal: AbortSignal): Promise<Result<void>> {
  const tried = await run({ file: 'unshare', args: [...namespace(), 'true'] }, { signal });
  if (tried.ok) return ok();
  return err({
    code: 'no-mount-namespace',
    what: 'cannot create a mount namespace',
    ...(tried.problem.why === undefined ? {} : { why: tried.problem.why }),
    next: 'build as root with all capabilities; in a container, a privileged one (CAP_SYS_ADMIN)',
  });
}

/**
 * Runs mkma again, in a namespace of its own, with this one's terminal, streams and environment. Resolves to
 * how it ended.
 * @public main.ts has it out of a spread of this module
 */
export function runWithOwnMounts(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Result<Finished>> {
  const node = [process.execPath, ...process.execArgv, script, ...args];
  const command: Command = {
    file: 'unshare',
    args: [...namespace(), ...node],
    env: { ...env, [OUTER]: present() },
  };
  return start(command, {
    ...{ stdin: 'inherit', stdout: 'inherit', stderr: 'inherit', foreground: true },
    signal,
  }).ended;
}
