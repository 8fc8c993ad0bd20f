/** Unlocks encrypted volumes in early boot: by a key file, else by a passphrase, typed on any console. */
import type { InitramfsManifest } from '../../core/boot/initramfs.js';
import { INITRAMFS, PARAM, WRONG_PASSPHRASE } from '../../core/contract.js';
import { err, ok, problemLine, type Result } from '../../core/result.js';
import { askSecret, isScreen, openConsoles, tell } from '../storage/ask.js';
import { describeDisk } from '../storage/describe-disk.js';
import { checkSlots, keyNotKept, type LuksVolume, openLuks, type Slots } from '../storage/luks.js';
import type { GuestSystem, KeyTerminal } from '../system.js';
import { readKeyFile } from './key-file.js';
import type { Drivers } from './modules.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import type { Undo } from './undo.js';

/** Wrong passphrases before a pause, and its seconds: typing goes on, guessing by hand becomes slow. */
const TRIES = 3;
const PAUSE = 10;

/** What the boot hands to it. */
export interface OpenFacts {
  readonly settings: Settings;
  readonly manifest: InitramfsManifest;
  readonly drivers: Drivers;
  readonly undo: Undo;
}

export interface Unlocker {
  /** Unlocks a volume; asks until the passphrase is right. */
  unlock(volume: LuksVolume): Result<void>;
  /** Gives the consoles back. */
  close(): void;
}

/** For all volumes of a boot: a secret that opened one is tried with the next before anybody is asked. */
export function unlockerOf(machine: GuestSystem, facts: OpenFacts): Unlocker {
  const { manifest, drivers, settings } = facts;
  const how = { keepKey: manifest.keepKey === true };
  const secrets: Uint8Array[] = [];
  let terminals: KeyTerminal[] | undefined;
  let keyFile: Uint8Array | 'unread' | undefined = 'unread';
  const consoles = (): KeyTerminal[] => {
    if (terminals === undefined) {
      // A keyboard may be behind any bus.
      drivers.loadAll();
      loadKeymap(machine);
      terminals = openConsoles(machine);
    }
    return terminals;
  };
  const byKeyFile = (volume: LuksVolume, slots: Slots): Result<boolean> => {
    if (settings.key === undefined) return ok(false);
    if (keyFile === 'unread') {
      const read = readKeyFile(machine, settings.key, settings.timeout, drivers);
      if (!read.ok) say(machine, `warning: ${problemLine(read.problem)}`);
      keyFile = read.ok ? read.value : undefined;
    }
    if (keyFile === undefined) return ok(false);
    const opened = openLuks(machine, volume, keyFile, slots, how);
    if (opened.ok && !opened.value) {
      say(machine, `warning: the key file does not fit: ${PARAM.key}=${settings.key.asked}`);
    }
    return opened;
  };
  return {
    unlock(volume) {
      const slots = checkSlots(machine, volume);
      if (!slots.ok) return slots;
      const { warning } = slots.value;
      if (warning !== undefined) say(machine, `warning: ${problemLine(warning)}`);
      if (how.keepKey && !slots.value.luks2) say(machine, `warning: ${problemLine(keyNotKept(volume))}`);
      const opened = byKeyFile(volume, slots.value);
      if (!opened.ok || opened.value) return opened.ok ? ok() : opened;
      for (const secret of secrets) {
        const again = openLuks(machine, volume, secret, slots.value, how);
        if (!again.ok || again.value) return again.ok ? ok() : again;
      }
      const asked = ask(machine, volume, slots.value, consoles(), facts);
      if (!asked.ok) return asked;
      secrets.push(asked.value);
      return ok();
    },
    close() {
      for (const terminal of terminals ?? []) terminal.close();
      for (const secret of secrets) secret.fill(0);
      if (keyFile instanceof Uint8Array) keyFile.fill(0);
    },
  };
}

/** Asks until a passphrase opens the volume, and returns it. */
function ask(
  machine: GuestSystem,
  volume: LuksVolume,
  slots: Slots,
  terminals: readonly KeyTerminal[],
  { manifest, drivers }: OpenFacts,
): Result<Uint8Array> {
  const { keyboard = 'us', keepKey = false } = manifest;
  if (terminals.length === 0) {
    return err({
      code: 'luks-locked',
      what: 'there is no console on which to ask for a passphrase',
      where: volume.node,
      next: `name a console with console= in the boot loader, or a key file with ${PARAM.key}=`,
    });
  }
  const prompt = (terminal: KeyTerminal): string =>
    isScreen(terminal) ? `mkma: passphrase (keyboard: ${keyboard}): ` : 'mkma: passphrase: ';
  tell(
    terminals,
    '',
    `mkma: encrypted: ${describeDisk(machine, volume.node)}`,
    `mkma:   UUID ${volume.uuid}`,
  );
  if (!hasKeyboard(machine)) tell(terminals.filter(isScreen), 'mkma: no keyboard was found yet: attach one');
  for (let wrong = 0; ; ) {
    const secret = askSecret(machine, terminals, prompt, () => drivers.loadAll());
    // Ctrl-C and an empty line: nothing was tried.
    if (secret === undefined || secret.length === 0) continue;
    tell(terminals, 'mkma: checking the passphrase');
    const opened = openLuks(machine, volume, secret, slots, { keepKey });
    if (!opened.ok) return opened;
    if (opened.value) return ok(secret);
    secret.fill(0);
    wrong++;
    tell(terminals, `${WRONG_PASSPHRASE} (${wrong} of ${TRIES})`);
    if (wrong < TRIES) continue;
    tell(terminals, `mkma: the next try is in ${PAUSE} seconds`);
    machine.sleep(PAUSE * 1000);
    wrong = 0;
    for (const terminal of terminals) terminal.read();
  }
}

/** Input devices that have keys (proc(5); Documentation/input/input.rst: handler `kbd`). */
function hasKeyboard(machine: GuestSystem): boolean {
  return /^H: Handlers=.*\bkbd\b/m.test(machine.readText('/proc/bus/input/devices') ?? '');
}

/** The machine's own keyboard layout. Where the kernel has no virtual terminals, nothing needs it. */
function loadKeymap(machine: GuestSystem): void {
  if (machine.info(`/${INITRAMFS.keymap}`) === undefined) return;
  machine.run(['sh', '-c', `loadkmap </${INITRAMFS.keymap}`], { mayLack: true });
}
