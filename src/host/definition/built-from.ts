/** What the images of a folder were built from, so that who uses them later is told where that has changed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Problem } from '../../core/result.js';
import { type Owner, writeFileWhole } from '../sys/files.js';
import { STATE } from '../sys/output.js';
import type { Source } from './source.js';

/** The file in which it is noted, in the output folder. */
const NOTE = join(STATE, 'definition.json');

const noteSchema = z.object({
  file: z.string().optional(),
  preset: z.string().optional(),
  digest: z.string(),
});

/** Note what the images in this folder were built from. */
export function noteSource(output: string, { file, preset, digest }: Source, owner?: Owner): void {
  writeFileWhole(join(output, NOTE), `${JSON.stringify({ file, preset, digest }, null, 2)}\n`, owner);
}

/** What there is to warn of where the images in this folder are not what this would be built to; `undefined`: nothing is known. */
export function changeSince(output: string, now: Source): Problem | undefined {
  const built = readNote(output);
  if (built === undefined) return undefined;
  if (built.file !== now.file || built.preset !== now.preset) {
    // Somebody may have moved the file, or have copied it with the images.
    if (built.file !== undefined && now.file !== undefined && built.digest === now.digest) return undefined;
    return {
      what: 'these images were built from something else',
      where: output,
      why: `they are of ${nameOf(built)}, not of ${nameOf(now)}`,
      next: `name it with ${built.file === undefined ? '--preset' : '--config'}, or other images with --output, or build these anew`,
    };
  }
  if (built.digest === now.digest) return undefined;
  return {
    what: 'the definition has changed since these images were built',
    where: nameOf(now),
    next: 'build them again, so that they follow it: sudo mkma build',
  };
}

function readNote(output: string): Pick<Source, 'file' | 'preset' | 'digest'> | undefined {
  const path = join(output, NOTE);
  if (!existsSync(path)) return undefined;
  try {
    return noteSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function nameOf({ file, preset }: Pick<Source, 'file' | 'preset'>): string {
  return file ?? `the preset ${preset}`;
}
