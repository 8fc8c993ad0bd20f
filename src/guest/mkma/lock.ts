/** The lock on writing to the storage. */
import { err, type Result } from '../../core/result.js';
import type { RunningSystem } from '../system.js';

const LOCK = '/run/mkma/persist.lock';
const OWNER = '/run/mkma/persist.owner';

/** How an owner is described that looks only. */
const LOOK = 'mkma status';
/** Milliseconds between attempts, and how many: a look takes less than a second, a few in a slow machine. */
const PAUSE = 50;
const PAUSES = 200;

/**
 * Takes the lock until the program ends; reports its owner if it is held. One that looks only is waited for,
 * by others than those.
 */
export function takeLock(machine: RunningSystem, purpose: 'change' | 'look' = 'change'): Result<void> {
  for (let pauses = 0; !machine.lock(LOCK); pauses++) {
    const owner = machine.readText(OWNER)?.trim() ?? 'another process';
    if (purpose === 'change' && owner.includes(LOOK) && pauses < PAUSES) machine.sleep(PAUSE);
    else {
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
  const who = purpose === 'look' ? `process ${pid} (${LOOK})` : `process ${pid}`;
  machine.write(OWNER, `${who}, since ${new Date(machine.now()).toISOString()}\n`);
  return { ok: true, value: undefined };
}
