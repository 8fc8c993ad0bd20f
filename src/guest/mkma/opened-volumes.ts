/**
 * Which volumes mkma itself has opened on the running machine, and which of its commands use them: a note in
 * /run, so that the last one closes them, that what a killed command left open is closed by the next one, and
 * that what somebody else opened is not.
 */
import { err, ok, type Result } from '../../core/result.js';
import { mustMakeFolder } from '../must.js';
import type { RunningSystem } from '../system.js';

const FOLDER = '/run/mkma';

/** A line for each command that uses a volume: its name in /dev/mapper, and the process. */
const NOTE = `${FOLDER}/opened`;

/** Held while volumes are opened or closed: another command sees them open, or opens them itself. */
const LOCK = `${FOLDER}/opened.lock`;

/** Milliseconds between two tries to get the lock, and how many there are: a person types a passphrase. */
const PAUSE = 50;
const PAUSES = 1200;

export interface Opened {
  /**
   * Whether a name of /dev/mapper is open already. If mkma has opened it, the last command that uses it
   * closes it at its end.
   */
  isThere(name: string, closing: readonly string[]): boolean;
  /** Notes a name that is about to be opened, and the command that closes it. */
  note(name: string, closing: readonly string[]): void;
  /** Closes what mkma has opened and no other command of mkma uses, the latest first. */
  closeAll(): void;
}

/** Does it while no other command opens or closes volumes; a Problem if one does so for a minute. */
export function openingAlone<T>(machine: RunningSystem, work: () => Result<T>): Result<T> {
  if (!takeLock(machine)) {
    return err({
      code: 'luks-locked',
      what: 'another mkma is opening the storage',
      where: LOCK,
      why: 'it has been waiting for a passphrase for a minute',
      next: 'type it there, or end that command, then run this one again',
    });
  }
  try {
    return work();
  } finally {
    machine.unlock(LOCK);
  }
}

function takeLock(machine: RunningSystem): boolean {
  mustMakeFolder(machine, FOLDER, 0o755);
  for (let pauses = 0; !machine.lock(LOCK); pauses++) {
    if (pauses === PAUSES) return false;
    machine.sleep(PAUSE);
  }
  return true;
}

export function openedByUs(machine: RunningSystem): Opened {
  const closing: { readonly name: string; readonly argv: readonly string[] }[] = [];
  const own = processOf(machine, 'self') ?? '';
  const lines = (): string[] => (machine.readText(NOTE) ?? '').split('\n').filter((line) => line !== '');
  const isOf = (name: string, line: string): boolean => line === name || line.startsWith(`${name} `);
  const write = (all: readonly string[]): void => {
    if (!machine.write(NOTE, all.map((line) => `${line}\n`).join('')))
      throw new Error(`cannot write ${NOTE}`);
  };
  /** This command uses it; what ended without closing it does not any more. */
  const use = (name: string, argv: readonly string[]): void => {
    const others = lines().filter((line) => !isOf(name, line) || isUsed(machine, line));
    write([...new Set([...others, `${name} ${own}`])]);
    closing.push({ name, argv });
  };
  const close = (name: string, argv: readonly string[]): void => {
    write(lines().filter((line) => line !== `${name} ${own}`));
    if (lines().some((line) => isOf(name, line) && isUsed(machine, line))) return;
    const isOpen = machine.info(`/dev/mapper/${name}`) !== undefined;
    // One that is busy is left to the next command.
    if (isOpen && machine.run(argv).code !== 0) write([...lines(), name]);
    else write(lines().filter((line) => !isOf(name, line)));
  };
  return {
    isThere(name, argv) {
      if (machine.info(`/dev/mapper/${name}`) === undefined) return false;
      if (lines().some((line) => isOf(name, line))) use(name, argv);
      return true;
    },
    note: use,
    closeAll() {
      // Work is done in any case: without the lock, what is open stays for the next command.
      const done = openingAlone(machine, () => {
        for (const { name, argv } of closing.splice(0).reverse()) close(name, argv);
        return ok();
      });
      if (!done.ok) closing.splice(0);
    },
  };
}

/** Whether the process of a line still runs. */
function isUsed(machine: RunningSystem, line: string): boolean {
  const [, id, start] = line.split(' ');
  return id !== undefined && processOf(machine, id) === `${id} ${start}`;
}

/** A process by its id and its start in clock ticks, since ids are used again (proc_pid_stat(5)). */
function processOf(machine: RunningSystem, id: string): string | undefined {
  const stat = machine.readText(`/proc/${id}/stat`);
  // The name of the program, in parentheses, may have any character.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === undefined ? undefined : `${stat.slice(0, stat.indexOf(' '))} ${fields?.[19]}`;
}
