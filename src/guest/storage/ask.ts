/** Asking for a passphrase on several terminals at once: the first line that is entered counts. */
import type { GuestSystem, KeyTerminal } from '../system.js';
import { SecretLine } from './line.js';

/** Milliseconds between two looks at the terminals: unnoticed by who types. */
const POLL = 30;
/** Seconds between two calls of `beat`. */
const BEAT = 2;

/** A virtual terminal, where the keyboard layout counts. */
export function isScreen({ path }: KeyTerminal): boolean {
  return /\/tty\d+$/.test(path);
}

/** All consoles that the kernel writes to, and the screen, opened to read keys. */
export function openConsoles(machine: GuestSystem): KeyTerminal[] {
  const active = (machine.readText('/sys/class/tty/console/active') ?? '').split(/\s+/).filter(Boolean);
  // tty0 is the screen in front: a second time, keys would be split between the two.
  const names = active.some((name) => /^tty\d+$/.test(name)) ? active : [...active, 'tty0'];
  return names.flatMap((name) => machine.openTerminal(`/dev/${name}`) ?? []);
}

/** Prints lines on all terminals. */
export function tell(terminals: readonly KeyTerminal[], ...lines: readonly string[]): void {
  for (const terminal of terminals) for (const line of lines) terminal.write(`${line}\r\n`);
}

/**
 * Asks on all terminals until a line is entered on one of them, however long that takes. `undefined`: given
 * up by Ctrl-C. `prompt`: what each shows; `beat` is called now and then, such as to load drivers of a
 * keyboard.
 */
export function askSecret(
  machine: GuestSystem,
  terminals: readonly KeyTerminal[],
  prompt: (terminal: KeyTerminal) => string,
  beat: () => void = () => undefined,
): Uint8Array | undefined {
  const lines = terminals.map((terminal) => ({ terminal, line: new SecretLine() }));
  for (const terminal of terminals) terminal.write(prompt(terminal));
  for (let next = machine.uptime() + BEAT; ; ) {
    for (const { terminal, line } of lines) {
      const { echo, end } = line.feed(terminal.read());
      if (echo !== '') terminal.write(echo);
      if (end === undefined) continue;
      tell(terminals, '');
      const { bytes } = line;
      for (const other of lines) other.line.clear();
      return end === 'line' ? bytes : undefined;
    }
    if (machine.uptime() >= next) {
      beat();
      next = machine.uptime() + BEAT;
    }
    machine.sleep(POLL);
  }
}
