/** What has been mounted, so that a failed boot can be tried again from the start. */
import type { GuestSystem } from '../system.js';

export interface Undo {
  /** Remember how to take back what has just been done. */
  push(argv: readonly string[]): void;
  /** Forget the latest step whose command is this: it has been taken back in the course of things. */
  drop(argv: readonly string[]): void;
  /** Take everything back, the latest first. Returns the commands that failed. */
  all(): string[];
}

export function undoList(machine: GuestSystem): Undo {
  const steps: (readonly string[])[] = [];
  return {
    push(argv) {
      steps.push(argv);
    },
    drop(argv) {
      const at = steps.findLastIndex((step) => step.join('\0') === argv.join('\0'));
      if (at >= 0) steps.splice(at, 1);
    },
    all() {
      const failed: string[] = [];
      for (const step of steps.splice(0).reverse()) {
        const { code, stderr } = machine.run(step, { mayLack: true });
        if (code !== 0) failed.push(`${step.join(' ')}: ${stderr.trim()}`);
      }
      return failed;
    },
  };
}
