/** Digests of many files, by one program. */
import { ask } from '../ran.js';
import type { RunningSystem } from '../system.js';
import { nullEnded } from './directory.js';

/** xargs(1): a program that it ran failed. */
const SOME_FAILED = 123;

/** SHA-256, or MD5, of files in a folder, by path; without unreadable ones. */
export function digestsIn(
  machine: RunningSystem,
  folder: string,
  paths: readonly string[],
  program: 'sha256sum' | 'md5sum' = 'sha256sum',
): Map<string, string> {
  const digests = new Map<string, string>();
  if (paths.length === 0) return digests;
  const argv = ['xargs', '--null', program, '--zero', '--'];
  const { stdout } = ask(machine, argv, [SOME_FAILED], { cwd: folder, input: nullEnded(paths) });
  for (const line of stdout.split('\0')) {
    const match = /^([0-9a-f]{32,64}) [ *]\.\/(.+)$/s.exec(line);
    if (match !== null) digests.set(match[2] as string, match[1] as string);
  }
  return digests;
}
