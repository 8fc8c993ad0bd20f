/** How many files this process may have open at once. Imports nothing: with too few, loading would fail. */
import { existsSync, readFileSync } from 'node:fs';
import type { Problem } from '../../core/result.js';

/** What loading mkma needs: Node.js opens all modules of a program at once (measured: more than 128). */
const LOADING = 256;
/** What a build needs: mkfs.erofs fails with 256; this is the limit of a login. */
export const BUILDING = 1024;

/** The limit in the text of /proc/PID/limits (proc_pid_limits(5)); `undefined`: there is none. */
export function openFilesLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** The problem if they are too few; else `undefined`. Node.js has raised its limit as far as it may. */
export function tooFewOpenFiles(least = LOADING, limits = '/proc/self/limits'): Problem | undefined {
  const limit = existsSync(limits) ? openFilesLimit(readFileSync(limits, 'utf8')) : undefined;
  if (limit === undefined || limit >= least) return undefined;
  const command = 'ulimit -n 4096';
  return {
    code: 'too-few-open-files',
    what: 'the limit of open files is too low',
    where: `ulimit -n: ${limit}`,
    why: `mkma needs up to ${least}`,
    next: `raise it (as root if refused) and try again: ${command}`,
    suggestion: command,
  };
}
