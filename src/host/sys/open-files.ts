/** How many files this process may have open at once. Imports nothing that has to be loaded: where they are too few, that fails. */
import { existsSync, readFileSync } from 'node:fs';
import type { Problem } from '../../core/result.js';

/** What loading mkma takes: Node.js opens all modules of a program at once (more than 128 of them, measured). */
const LOADING = 256;
/** What a build takes: mkfs.erofs fails with 256; this is what a login has. */
export const BUILDING = 1024;

/** The limit by the text of /proc/PID/limits (proc_pid_limits(5)); `undefined`: there is none. */
export function openFilesLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** That they are too few; `undefined`: they are not. Node.js has raised its limit as far as it may. */
export function tooFewOpenFiles(least = LOADING, limits = '/proc/self/limits'): Problem | undefined {
  const limit = existsSync(limits) ? openFilesLimit(readFileSync(limits, 'utf8')) : undefined;
  if (limit === undefined || limit >= least) return undefined;
  const command = 'ulimit -n 4096';
  return {
    code: 'too-few-open-files',
    what: 'this process may open too few files at once',
    where: `ulimit -n: ${limit}`,
    why: `mkma takes up to ${least}`,
    next: `raise the limit, as root where it is refused, and try again: ${command}`,
    suggestion: command,
  };
}
