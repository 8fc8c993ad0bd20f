/** The lock on writing to the storage. */
import { err, type Result } from '../../core/result.js';
import type { RunningSystem } from '../system.js';

const LOCK = '/run/mkma/persist.lock';
const OWNER = '/run/mkma/persist.owner';

/** Takes the lock until the program ends; reports its owner if it is held. */
export function takeLock(machine: RunningSystem): Result<void> {
  if (!machine.lock(LOCK)) {
    const owner = machine.readText(OWNER)?.trim() ?? 'another process';
    return err({
      code: 'layers-locked',
      what: 'another mkma is changing the layers',
      where: LOCK,
      why: `held by ${owner}`,
      next: 'wait for it to end, or end it',
    });
  }
  const pid = machine.readlink('/proc/self') ?? '?';
  machine.write(OWNER, `process ${pid}, since ${new Date(machine.now()).toISOString()}\n`);
  return { ok: true, value: undefined };
}
