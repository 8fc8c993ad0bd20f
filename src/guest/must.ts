/** For operations that only fail because of a bug. */
import type { GuestSystem, RunOptions } from './system.js';

/** Runs a program that has no reason to fail; otherwise throws, as that is a bug. Returns its output. */
export function must(machine: GuestSystem, argv: readonly string[], options: RunOptions = {}): string {
  const { code, stdout, stderr } = machine.run(argv, options);
  if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code}: ${stderr.trim()}`);
  return stdout;
}

/** Creates a folder that nothing can be in the way of. `mode`: its permission bits, before the umask. */
export function mustMakeFolder(machine: GuestSystem, path: string, mode = 0o755): void {
  const why = machine.makeFolder(path, mode);
  if (why !== undefined) throw new Error(`cannot make ${path}: ${why}`);
}
