/** Firmware that the initramfs's modules request, as far as the tree being built contains it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { run } from '../sys/run.js';

/** Where the kernel looks for it (drivers/base/firmware_loader), in any tree. */
export const FIRMWARE_FOLDER = 'usr/lib/firmware';
/** Plain, and as Debian's kernels decompress them (CONFIG_FW_LOADER_COMPRESS_XZ and _ZSTD). */
const ENDINGS = ['', '.xz', '.zst'];

interface Inputs {
  /** The tree being built. */
  readonly root: string;
  /** The initramfs with its modules. */
  readonly target: string;
  /** Paths of the modules in it, relative to it. */
  readonly modules: readonly string[];
}

/** Copies the firmware that the modules name. What the tree lacks is reported with --verbose only. */
export async function installFirmware(inputs: Inputs, { emit, signal }: Context): Promise<Result<void>> {
  const { root, target, modules } = inputs;
  if (modules.length === 0) return ok();
  const args = [target, '/usr/sbin/modinfo', '--field', 'firmware', ...modules.map((path) => `/${path}`)];
  const printed = await run({ file: 'chroot', args }, { signal });
  if (!printed.ok) return printed;
  for (const name of firmwareNames(printed.value.stdout)) {
    const found = ENDINGS.map((ending) => join(FIRMWARE_FOLDER, name + ending)).filter((path) =>
      existsSync(join(root, path)),
    );
    if (found.length === 0) emit({ type: 'output', stage: 'initramfs', line: `missing firmware: ${name}` });
    for (const path of found) {
      await mkdir(dirname(join(target, path)), { recursive: true });
      await copyFile(join(root, path), join(target, path));
      await chmod(join(target, path), 0o644);
    }
  }
  return ok();
}

/** The names that modinfo prints, each once, except those that escape the folder. */
function firmwareNames(text: string): string[] {
  const names = text.split('\n').filter((name) => name !== '' && !normalize(name).startsWith('..'));
  return [...new Set(names)].sort();
}

/** Identifies the firmware of a tree, to detect changes: names, sizes and times of all files. */
export function firmwareStamp(root: string): string {
  const folder = join(root, FIRMWARE_FOLDER);
  if (!existsSync(folder)) return 'none';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const facts = files.map((name) => {
    const info = statSync(join(folder, name), { throwIfNoEntry: false });
    return `${name} ${info?.size} ${info?.mtimeMs}`;
  });
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 20);
}
