/** The menu of an encrypted medium whose inside is mounted: it is on a partition in the open. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLAIN } from '../../core/boot/opening.js';
import type { Generations } from '../../core/generations/read.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Result } from '../../core/result.js';
import { locate } from '../boot-entry/placement.js';
import type { Context } from '../context.js';
import { clearCopies, withCopies } from '../media/boot-copies.js';
import { menuOf, writeMenu } from '../media/menu.js';
import { mountNode } from '../media/mount.js';
import { askProgram } from '../sys/answer.js';
import { removeTree } from '../sys/remove.js';

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
  const placement = await locate(images, signal);
  if (!placement.ok) return placement;
  if (!placement.value.bootable) return err(placement.value.problem);
  const { device, opening = PLAIN } = placement.value;
  const found = await askProgram({ file: 'findfs', args: [bootDevice] }, [NONE], { signal });
  if (!found.ok) return found;
  if (found.value.exitCode === NONE) return err(absent(bootDevice));
  const scratch = mkdtempSync(join(tmpdir(), 'mkma-boot-'));
  try {
    const mounted = await mountNode(found.value.stdout.trim(), { scratch, readOnly: false }, signal);
    if (!mounted.ok) return mounted;
    const { path, unmount } = mounted.value;
    const written = await update(path).finally(unmount);
    return written.ok ? ok([`the menu of this medium follows: ${MEDIUM.menu} on ${bootDevice}`]) : written;
  } finally {
    removeTree(scratch);
  }

  async function update(boot: string): Promise<Result<void>> {
    const devices = { device, opening, bootDevice };
    const written = await writeMenu(boot, menuOf(withCopies(generations, boot), devices));
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
