/** Reads text on a picture, with tesseract(1). */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../sys/remove.js';
import { run } from '../sys/run.js';
import type { Picture } from './picture.js';

/** Letters on a screen have a third of the size it is made for. */
const ENLARGED = 3;

/** The text on a picture. Throws if tesseract is not installed, or fails. */
export async function readPicture(picture: Picture, signal: AbortSignal): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-read-'));
  try {
    const file = join(folder, 'screen.png');
    writeFileSync(file, picture.enlarged(ENLARGED).png());
    // Sparse text in no order: a screen is not a page.
    const read = await run({ file: 'tesseract', args: [file, 'stdout', '--psm', '11'] }, { signal });
    if (!read.ok)
      throw new Error([read.problem.what, read.problem.why, read.problem.next].filter(Boolean).join('; '));
    return read.value.stdout;
  } finally {
    removeTree(folder);
  }
}
