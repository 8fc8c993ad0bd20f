/** The boot loader entries of generations: one for each that is whole, the newest first. */

import type { KernelParameter } from '../boot/cmdline.js';
import type { Opening } from '../boot/opening.js';
import { type BootEntry, entryName, initrdsAmong, ownParametersIn } from '../loader/entry.js';
import { generationPath } from '../set/generations.js';
import type { Generation, Generations } from './read.js';

/** Where the images folder is. */
export interface EntryPlace {
  /** The file system, as `mkma_storage_device=` names it. */
  readonly device: string;
  /** The images folder, from the top of that file system. */
  readonly images: string;
  /** Additional kernel parameters for all of them. */
  readonly append: readonly KernelParameter[];
  /** Volumes that the file system is on; absent: as the command line of each generation says. */
  readonly opening?: Opening | undefined;
  /** Where GRUB reads kernel and initramfs, if not beside the base: in folders of the same paths. */
  readonly bootDevice?: string | undefined;
  /** The name under which entries are kept; absent: the machine's. */
  readonly name?: string | undefined;
}

/**
 * The machine's name: that of the default generation. Entries of a folder are kept under one name, the first
 * one that they had, so that none is left behind when a later build has another hostname.
 */
export function machineName({ all }: Generations): string {
  const one = all.find(({ isDefault, problem }) => isDefault && problem === undefined) ?? all[0];
  return entryName(one?.stored.base?.manifest?.name);
}

/** The entries. Where the default is not whole, the newest whole one takes its place. */
export function generationEntries(generations: Generations, place: EntryPlace): BootEntry[] {
  const whole = generations.all.filter(({ problem }) => problem === undefined);
  const first = whole.find(({ isDefault }) => isDefault) ?? whole[0];
  const name = place.name ?? machineName(generations);
  return whole.map((one) => entryOf(one, name, one === first, place));
}

function entryOf(one: Generation, name: string, isDefault: boolean, place: EntryPlace): BootEntry {
  const { device, images, append, opening, bootDevice } = place;
  const path = generationPath(images, one.number);
  const created = one.stored.base?.manifest?.created;
  return {
    ...{ name, device, opening },
    title: entryName(one.stored.base?.manifest?.name),
    path,
    ...(bootDevice === undefined ? {} : { bootFiles: { device: bootDevice, path } }),
    initrds: initrdsAmong([...one.files.keys()]),
    append: [...ownParametersIn(one.cmdline), ...append],
    generation: { number: one.number, isDefault, ...(created === undefined ? {} : { created }) },
  };
}
