/** Where entries of an images folder were written, so that later changes of its generations update them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { writeFileWhole } from '../sys/files.js';
import { STATE } from '../sys/output.js';
import type { Loader } from './choose.js';
import type { Placement } from './placement.js';

/** The options that entries were last written with. */
export interface WrittenEntries {
  readonly root: string;
  readonly grubDir?: string | undefined;
  readonly esp?: string | undefined;
  readonly loader?: Loader | 'all' | undefined;
  readonly placement?: Placement | undefined;
  readonly append: readonly KernelParameter[];
}

const FILE = 'boot-entries.json';

/** Remembers them, where mkma keeps its records of the folder at all. */
export function rememberEntries(images: string, written: WrittenEntries): void {
  const folder = join(images, STATE);
  if (existsSync(folder)) writeFileWhole(join(folder, FILE), `${JSON.stringify(written)}\n`);
}

/** What was remembered; `undefined`: no entries were written. */
export function rememberedEntries(images: string): WrittenEntries | undefined {
  try {
    return JSON.parse(readFileSync(join(images, STATE, FILE), 'utf8')) as WrittenEntries;
  } catch {
    return undefined;
  }
}
