/** Whether this host is a machine of mkma's that runs from a generation in a folder. */
import { existsSync, readFileSync } from 'node:fs';
import { BOOT_RECORD, type BootRecord } from '../../core/boot/record.js';
import { placeOfGeneration } from '../../core/set/generations.js';
import { generationFolder } from './generations.js';
import { findBase } from './images.js';

/** Its number: the folder has the same one, with the base that this machine loaded; `undefined`: none. */
export function runningGeneration(images: string): number | undefined {
  if (!existsSync(BOOT_RECORD)) return undefined;
  const record = JSON.parse(readFileSync(BOOT_RECORD, 'utf8')) as BootRecord;
  const place = placeOfGeneration(record.storage.path);
  const id = record.images.find(({ kind }) => kind === 'base')?.id;
  if (place === undefined || id === undefined) return undefined;
  const base = findBase(generationFolder(images, place.number));
  return base.ok && base.value.info.manifest?.id === id ? place.number : undefined;
}
