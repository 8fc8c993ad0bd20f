/** The machine's keyboard layout for early boot, where a passphrase is typed. */
import { existsSync, readdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { INITRAMFS } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import type { MachineConfig } from '../definition/machine.js';
import { run } from '../sys/run.js';

/** Where setupcon(1) saves the layout (customise/locale.ts has it do so). */
const SAVED = 'etc/console-setup';

/** The layout's name for people: `de`, `us(dvorak)`; `undefined`: the kernel's own, which is American. */
export function layoutName({ keyboard }: Pick<MachineConfig, 'keyboard'>): string | undefined {
  if (keyboard === undefined || typeof keyboard === 'string') return keyboard;
  return keyboard.variant === '' ? keyboard.layout : `${keyboard.layout}(${keyboard.variant})`;
}

/**
 * Writes the layout that the tree at `root` has saved as busybox's loadkmap reads it, by the tree's own
 * loadkeys(1). `false`: there is none. Dead keys keep the kernel's compositions: this format has none.
 */
export async function installKeymap(
  root: string,
  target: string,
  signal: AbortSignal,
): Promise<Result<boolean>> {
  const folder = join(root, SAVED);
  const saved = (existsSync(folder) ? readdirSync(folder) : []).find((name) => name.endsWith('.kmap.gz'));
  if (saved === undefined || !existsSync(join(root, 'usr/bin/loadkeys'))) return ok(false);
  const script = 'exec chroot "$1" loadkeys --quiet --bkeymap --unicode "/$2" >"$3"';
  const file = join(target, INITRAMFS.keymap);
  const args = ['-c', script, 'sh', root, `${SAVED}/${saved}`, file];
  const made = await run({ file: 'sh', args }, { signal });
  if (!made.ok) return made;
  await chmod(file, 0o644);
  return ok(true);
}
