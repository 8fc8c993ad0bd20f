/** Generations in an images folder on the host: read, and changed so that each is whole or absent. */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GenerationChange } from '../../core/generations/change.js';
import { type Generations, readGenerations } from '../../core/generations/read.js';
import { CHOSEN, GENERATIONS, PINNED, unfinishedName } from '../../core/set/generations.js';
import { flush, giveTo, type Owner, writeFileWhole } from '../sys/files.js';
import { removeTree } from '../sys/remove.js';
import { readerOf, readPart } from './folder.js';

/** The generations of an images folder; none where it has no such folder. */
export function openGenerations(images: string, running?: number): Generations {
  const folder = join(images, GENERATIONS);
  const names = existsSync(folder) ? readdirSync(folder) : undefined;
  const open = (number: number) => readerOf(join(folder, String(number)));
  const read = (file: string, offset: number, length: number) => readPart(join(folder, file), offset, length);
  return readGenerations({ names, read, open }, running);
}

/** The folder of a generation. */
export function generationFolder(images: string, number: number): string {
  return join(images, GENERATIONS, String(number));
}

/** Removes what killed runs left. */
export function clearUnfinished(images: string, { unfinished }: Generations): void {
  for (const name of unfinished) removeTree(join(images, GENERATIONS, name));
}

/** Carries out a change. The boot loader's entries are the caller's. */
export function applyChange(
  images: string,
  { action, number, already }: GenerationChange,
  owner?: Owner,
): void {
  if (already) return;
  const folder = join(images, GENERATIONS);
  const one = join(folder, String(number));
  if (action === 'use') writeFileWhole(join(folder, CHOSEN), `${number}\n`, owner);
  else if (action === 'drop') dropGeneration(images, number);
  else {
    if (action === 'pin') closeSync(openSync(join(one, PINNED), 'a', 0o644));
    else rmSync(join(one, PINNED));
    flush(one);
  }
}

/** Removes a generation: it is absent from the first moment on. */
export function dropGeneration(images: string, number: number): void {
  const folder = join(images, GENERATIONS);
  const gone = join(folder, unfinishedName(number));
  removeTree(gone);
  renameSync(join(folder, String(number)), gone);
  flush(folder);
  removeTree(gone);
}

/** The folder of generations, made where it is missing. */
export function generationsFolder(images: string, owner?: Owner): string {
  const folder = join(images, GENERATIONS);
  if (!existsSync(folder)) {
    mkdirSync(folder);
    flush(images);
  }
  giveTo(folder, owner);
  return folder;
}
