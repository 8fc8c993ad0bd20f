/** Undoes what was mounted, so that a failed boot can be retried from the start. */
import type { GuestSystem } from '../system.js';

export interface Undo {
  /** Records how to undo what has just been done. */
  push(argv: readonly string[]): void;
  /** Forgets the latest step with this command: it was undone in the normal course. */
  drop(argv: readonly string[]): void;
  /** Undoes everything, the latest first. Returns the commands that failed. */
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
