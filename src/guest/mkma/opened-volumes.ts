/**
 * Which volumes mkma itself has opened on the running machine: a note in /run, so that what a killed command
 * left open is closed by the next one, and what somebody else opened is not.
 */
import { mustMakeFolder } from '../must.js';
import type { RunningSystem } from '../system.js';

/** Names in /dev/mapper, one per line. */
const NOTE = '/run/mkma/opened';

export interface Opened {
  /**
   * Whether a name of /dev/mapper is open already. If mkma has opened it, the command closes it at the end.
   */
  isThere(name: string, closing: readonly string[]): boolean;
  /** Notes a name that is about to be opened, and the command that closes it. */
  note(name: string, closing: readonly string[]): void;
  /**
   * Closes what mkma has opened, the latest first. What another command of mkma still uses stays for that
   * one.
   */
  closeAll(): void;
}

export function openedByUs(machine: RunningSystem): Opened {
  const closing: { readonly name: string; readonly argv: readonly string[] }[] = [];
  const noted = (): string[] => (machine.readText(NOTE) ?? '').split('\n').filter((name) => name !== '');
  const write = (names: readonly string[]): void => {
    mustMakeFolder(machine, '/run/mkma', 0o755);
    if (!machine.write(NOTE, names.map((name) => `${name}\n`).join(''))) {
      throw new Error(`cannot write ${NOTE}`);
    }
  };
  return {
    isThere(name, argv) {
      if (machine.info(`/dev/mapper/${name}`) === undefined) return false;
      if (noted().includes(name)) closing.push({ name, argv });
      return true;
    },
    note(name, argv) {
      write([...new Set([...noted(), name])]);
      closing.push({ name, argv });
    },
    closeAll() {
      for (const { name, argv } of closing.splice(0).reverse()) {
        const isOpen = machine.info(`/dev/mapper/${name}`) !== undefined;
        if (isOpen && machine.run(argv).code !== 0) continue;
        write(noted().filter((other) => other !== name));
      }
    },
  };
}
