/** Where entries of an images folder were written, so that later changes of its generations update them. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { WRITTEN_ENTRIES } from '../../core/loader/entry.js';
import { writeFileWhole } from '../sys/files.js';
import type { Loader } from './choose.js';
import type { Placement } from './placement.js';

/** The options that entries were last written with. */
export interface WrittenEntries {
  /** The name under which they are; absent in records of older mkma. */
  readonly name?: string | undefined;
  readonly root: string;
  readonly grubDir?: string | undefined;
  readonly esp?: string | undefined;
  readonly loader?: Loader | 'all' | undefined;
  readonly placement?: Placement | undefined;
  readonly append: readonly KernelParameter[];
}

/** Remembers them, where mkma keeps its records of the folder at all. */
export function rememberEntries(images: string, written: WrittenEntries): void {
  const file = join(images, WRITTEN_ENTRIES);
  if (existsSync(dirname(file))) writeFileWhole(file, `${JSON.stringify(written)}\n`);
}

/** What was remembered; `undefined`: no entries were written. */
export function rememberedEntries(images: string): WrittenEntries | undefined {
  try {
    return JSON.parse(readFileSync(join(images, WRITTEN_ENTRIES), 'utf8')) as WrittenEntries;
  } catch {
    return undefined;
  }
}
