/** The lock on writing to the storage. */
import { err, type Result } from '../../core/result.js';
import type { RunningSystem } from '../system.js';

const LOCK = '/run/mkma/persist.lock';
const OWNER = '/run/mkma/persist.owner';

/** What somebody asks for, what mkma does by itself, and a look that changes nothing. */
type Purpose = 'change' | 'auto' | 'look';

/** How the owner of the lock is described, and for how many pauses a change waits for it. */
const OWNERS: Readonly<
  Record<Exclude<Purpose, 'change'>, { readonly words: string; readonly pauses: number }>
> = {
  // A look takes less than a second, a few in a slow machine.
  look: { words: 'mkma status', pauses: 200 },
  auto: { words: 'mkma persist --auto', pauses: 1200 },
};
/** Milliseconds of a pause. */
const PAUSE = 50;
/** Pauses after which a line reports that this waits. */
const SILENT = 20;

/**
 * Takes the lock until the program ends; reports its owner if it is held. What nobody has asked for is waited
 * for by what somebody has. `tell` receives a line if that takes a while.
 */
export function takeLock(
  machine: RunningSystem,
  purpose: Purpose = 'change',
  tell: (line: string) => void = () => undefined,
): Result<void> {
  for (let pauses = 0; !machine.lock(LOCK); pauses++) {
    const owner = machine.readText(OWNER)?.trim() ?? 'another process';
    const known = Object.values(OWNERS).find(({ words }) => owner.includes(`(${words})`));
    const waits =
      known !== undefined && purpose !== 'look' && (purpose === 'change' || known === OWNERS.look);
    if (waits && pauses < known.pauses) {
      if (pauses === SILENT) tell(`waiting for ${owner}`);
      machine.sleep(PAUSE);
    } else {
      return err({
        code: 'layers-locked',
        what: 'another mkma is changing the layers',
        where: LOCK,
        why: `held by ${owner}`,
        next: 'wait for it to end, or end it',
      });
    }
  }
  const pid = machine.readlink('/proc/self') ?? '?';
  const who = purpose === 'change' ? `process ${pid}` : `process ${pid} (${OWNERS[purpose].words})`;
  machine.write(OWNER, `${who}, since ${new Date(machine.now()).toISOString()}\n`);
  return { ok: true, value: undefined };
}
