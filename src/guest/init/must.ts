/** For commands that fail only where mkma itself is wrong. */
import type { Machine } from '../machine.js';

/** Run a program that has no reason to fail; where it does, that is a bug and throws. Returns its output. */
export function must(machine: Machine, argv: readonly string[], cwd?: string): string {
  const { code, stdout, stderr } = machine.run(argv, cwd === undefined ? {} : { cwd });
  if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code}: ${stderr.trim()}`);
  return stdout;
}
