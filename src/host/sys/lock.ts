/** Locks between processes, held through flock(1): released by the kernel however the holder ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { err, ok, type Result } from '../../core/result.js';
import { start } from './run.js';

export interface Lock {
  readonly release: () => Promise<void>;
}

/** Exit code of flock(1) that means: held by somebody else. */
const BUSY = 75;

/**
 * Take the lock on `path`, made if missing. When it is held, fails with `what` and who holds it; `next` tells what to do.
 */
export async function takeLock(
  path: string,
  told: { readonly what: string; readonly where: string; readonly next: string },
): Promise<Result<Lock>> {
  const args = ['--nonblock', '--conflict-exit-code', String(BUSY), path, 'sh', '-c', 'echo held; exec cat'];
  const holder = start({ file: 'flock', args }, { stdin: 'pipe', stdout: 'pipe' });
  const { stdin, stdout } = holder;
  if (stdin === null || stdout === null) throw new Error('flock was started without pipes');
  const held = new Promise<boolean>((resolve) => {
    stdout.once('data', () => resolve(true));
    void holder.ended.then(() => resolve(false));
  });
  if (!(await held)) {
    const ended = await holder.ended;
    if (!ended.ok) return ended;
    if (ended.value.exitCode !== BUSY) {
      return err({ what: 'cannot lock', where: path, why: ended.value.stderr.trim(), next: told.next });
    }
    return err({ ...told, why: `held by ${readHolder(path)}` });
  }
  writeFileSync(path, `process ${process.pid} since ${new Date().toISOString()}\n`);
  return ok({
    release: async () => {
      stdin.end();
      await holder.ended;
    },
  });
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}
