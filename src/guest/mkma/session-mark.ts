/** The mark of this session on the medium, by which the next boot knows what was lost. */
import { parseSessionMark, SESSION_FILE, type SessionMark } from '../../core/auto/session.js';
import type { BootRecord } from '../../core/boot/record.js';
import { err, ok, type Result } from '../../core/result.js';
import type { RunningSystem } from '../system.js';
import { withImages } from './images-folder.js';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Writes it, with what it already says of this session. */
export function markSession(
  machine: RunningSystem,
  record: BootRecord,
  more: Pick<SessionMark, 'ended'> & Partial<SessionMark>,
): Result<void> {
  const boot = bootId(machine);
  return withImages(machine, record, 'write', (folder) => {
    const file = `${folder}/${SESSION_FILE}`;
    const found = parseSessionMark(machine.readText(file) ?? '');
    const began = new Date(machine.now() - machine.uptime() * 1000).toISOString();
    const known: SessionMark = found?.boot === boot ? found : { format: 1, boot, began, ended: 'open' };
    const mark = { ...known, ...more };
    // Every write is one to the medium: an equal mark is left.
    if (JSON.stringify(mark) === JSON.stringify(found)) return ok();
    return replaceFile(machine, file, `${JSON.stringify(mark)}\n`);
  });
}

/**
 * After a save by hand, on a machine that no longer saves by itself: what an earlier session lost is no news
 * any more. The medium is mounted for writing.
 */
export function forgetEarlierSession(machine: RunningSystem, folder: string): void {
  const file = `${folder}/${SESSION_FILE}`;
  const found = parseSessionMark(machine.readText(file) ?? '');
  if (found !== undefined && found.boot !== bootId(machine)) machine.run(['rm', '-f', file]);
}

function bootId(machine: RunningSystem): string {
  return (machine.readText(BOOT_ID) ?? '').trim();
}

function replaceFile(machine: RunningSystem, file: string, text: string): Result<void> {
  const part = `${file}.part`;
  const why = [
    () => (machine.write(part, text) ? undefined : 'it cannot be written'),
    ...[
      ['sync', part],
      ['mv', '-f', '-T', part, file],
      ['sync', file.slice(0, file.lastIndexOf('/'))],
    ].map((argv) => () => {
      const { code, stderr } = machine.run(argv);
      return code === 0 ? undefined : stderr.trim();
    }),
  ].reduce<string | undefined>((failed, work) => failed ?? work(), undefined);
  if (why === undefined) return ok();
  machine.run(['rm', '-f', part]);
  return err({
    code: 'session-unmarked',
    what: 'cannot write the mark of this session to the storage device',
    where: SESSION_FILE,
    why,
    next: 'free some space on it; the next boot cannot say exactly what was lost',
  });
}
