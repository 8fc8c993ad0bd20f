/** For what fails only where mkma itself is wrong. */
import type { GuestSystem, RunOptions } from './system.js';

/** Run a program that has no reason to fail; where it does, that is a bug and throws. Returns its output. */
export function must(machine: GuestSystem, argv: readonly string[], options: RunOptions = {}): string {
  const { code, stdout, stderr } = machine.run(argv, options);
  if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code}: ${stderr.trim()}`);
  return stdout;
}

/** Make a folder where nothing can stand in the way. `mode`: of what the umask leaves, its permission bits. */
export function mustMakeFolder(machine: GuestSystem, path: string, mode = 0o755): void {
  const why = machine.makeFolder(path, mode);
  if (why !== undefined) throw new Error(`cannot make ${path}: ${why}`);
}
