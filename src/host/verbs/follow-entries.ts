/** Boot loader entries of a folder follow the generations in it, where there are any. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type Generations, without } from '../../core/generations/read.js';
import { isEncryptedMenu, MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { rememberedEntries } from '../boot-entry/remembered.js';
import type { Context } from '../context.js';
import { bootDeviceAround, mediumAround, menuOf, readMenu, writeMenu } from '../media/menu.js';
import { plainDevices } from '../media/menu-place.js';
import { openGenerations } from '../set/generations.js';
import { bootEntry } from './boot-entry.js';
import { followSealed } from './follow-sealed.js';
import { mountedDevice } from './mounted-device.js';

/** Removes the entries of generations that are about to be dropped; a Problem if that fails. */
export async function dropEntries(
  images: string,
  numbers: readonly number[],
  context: Context,
): Promise<Result<string[]>> {
  return numbers.length === 0 ? ok([]) : updateEntries(images, numbers, context);
}

/** Updates entries that were written before; returns what was done. That it failed is a warning. */
export async function followEntries(images: string, context: Context): Promise<string[]> {
  const done = await updateEntries(images, [], context);
  if (done.ok) return done.value;
  warnOfEntries(images, done.problem, context);
  return [];
}

/** A failure that leaves everything as it was but the entries is a warning. */
export function warnOfEntries(images: string, { what, where, why, next }: Problem, { emit }: Context): void {
  emit({
    type: 'warning',
    problem: {
      code: 'entries-not-updated',
      what: 'the boot loader entries were not updated',
      where: images,
      why: [what, where, why, next].filter((text) => text !== undefined).join('\n'),
      next: 'correct that, then run mkma boot-entry --write',
    },
  });
}

/** The menu of the medium that the folder is on, else the entries that were written for it. */
async function updateEntries(
  images: string,
  gone: readonly number[],
  context: Context,
): Promise<Result<string[]>> {
  const real = realpathSync(images);
  const medium = mediumAround(real);
  const generations = gone.reduce(without, openGenerations(real));
  if (medium !== undefined) return followMenu(generations, medium, context);
  const sealed = bootDeviceAround(real);
  if (sealed !== undefined) return followSealed(real, generations, sealed, context);
  const written = rememberedEntries(images);
  if (written === undefined) return ok([]);
  const options = { ...written, output: images, without: gone, write: true, dryRun: false };
  const done = await bootEntry(options, context);
  return done.ok ? ok([...done.value.lines]) : done;
}

/** Writes the menu of the medium that is mounted at `root`. */
async function followMenu(
  generations: Generations,
  root: string,
  { signal }: Context,
): Promise<Result<string[]>> {
  const menu = readMenu(root);
  if (menu.ok && isEncryptedMenu(menu.value ?? '')) return err(notInside(root));
  const device = await mountedDevice(root, signal);
  if (!device.ok) return device;
  const written = await writeMenu(root, menuOf(generations, plainDevices(device.value)));
  return written.ok ? ok([`the menu of this medium follows: ${join(root, MEDIUM.menu)}`]) : written;
}

/** Kernels alone are there: by them no generation is whole, and a menu of them would be empty. */
function notInside(where: string): Problem {
  return {
    code: 'entries-not-updated',
    what: 'these are not the generations of this encrypted medium',
    where,
    why: 'this partition has their kernels alone; base and layers are in the encrypted one',
    next: 'open and mount the encrypted partition, and name the folder mkma there: --output MOUNTPOINT/mkma',
  };
}
