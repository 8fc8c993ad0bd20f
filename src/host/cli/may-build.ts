/** Whether this session may make and change trees: as root, or without it where the host allows that. */
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { mayBuild } from '../sys/caller.js';
import { canHaveOwnMounts } from '../sys/own-mounts.js';
import { tryOwnUsers } from '../sys/try-users.js';
import { programName, type Session } from './session.js';

/** Fails with why main.ts did not start this command in namespaces of its own, and what to change. */
export async function requireBuilder(session: Session, verb: string): Promise<Result<void>> {
  const { signal } = session.context;
  if (!mayBuild(session.caller)) {
    const possible = await tryOwnUsers(signal);
    if (possible.ok) throw new Error('a plain user runs this without a user namespace');
    return err(orAsRoot(possible.problem, `sudo ${programName(session)} ${verb}`));
  }
  // For root, a shell in chroot/ has its own.
  if (session.ownMounts || verb === 'shell') return ok();
  const possible = await canHaveOwnMounts(signal);
  if (!possible.ok) return possible;
  throw new Error(`mkma ${verb} runs without mounts of its own`);
}

/** Root needs none of it. */
function orAsRoot(problem: Problem, command: string): Problem {
  const { next } = problem;
  return { ...problem, next: `${next === undefined ? '' : `${next}; `}or do it as root: ${command}` };
}
