/** The menu of an encrypted medium whose inside is mounted: it is on a partition in the open. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Generations } from '../../core/generations/read.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { clearCopies, withCopies } from '../media/boot-copies.js';
import { menuOf, writeMenu } from '../media/menu.js';
import { mountNode } from '../media/mount.js';
import { askProgram } from '../sys/answer.js';
import { removeTree } from '../sys/remove.js';
import { mountedDevice } from './mounted-device.js';

/** findfs(8): there is none. */
const NONE = 1;

/**
 * Writes the menu for these generations, and removes kernels of others. `images`: the images folder inside;
 * `bootDevice`: the file system with the menu.
 */
export async function followSealed(
  images: string,
  generations: Generations,
  bootDevice: string,
  { signal }: Context,
): Promise<Result<string[]>> {
  const device = await mountedDevice(dirname(images), signal);
  if (!device.ok) return device;
  const found = await askProgram({ file: 'findfs', args: [bootDevice] }, [NONE], { signal });
  if (!found.ok) return found;
  if (found.value.exitCode === NONE) return err(absent(bootDevice));
  const scratch = mkdtempSync(join(tmpdir(), 'mkma-boot-'));
  try {
    const mounted = await mountNode(found.value.stdout.trim(), { scratch, readOnly: false }, signal);
    if (!mounted.ok) return mounted;
    const { path, unmount } = mounted.value;
    const written = await update(path, device.value).finally(unmount);
    return written.ok ? ok([`the menu of this medium follows: ${MEDIUM.menu} on ${bootDevice}`]) : written;
  } finally {
    removeTree(scratch);
  }

  async function update(boot: string, named: string): Promise<Result<void>> {
    const menu = menuOf(withCopies(generations, boot), { device: named, bootDevice });
    const written = await writeMenu(boot, menu);
    if (written.ok)
      clearCopies(
        boot,
        generations.all.map(({ number }) => number),
      );
    return written;
  }
}

function absent(where: string) {
  return {
    code: 'entries-not-updated',
    what: 'the menu of this encrypted medium was not found',
    where,
    why: 'this system has no such file system; it is the second partition of the medium after its ESP',
    next: 'attach the whole medium, then repeat the command',
  } as const;
}
