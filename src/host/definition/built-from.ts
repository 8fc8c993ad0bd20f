/** What the images of a folder were built from, so that who uses them later is told where that has changed. Runs no definition. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { digestFile } from '../sys/digest.js';
import { type Owner, writeFileWhole } from '../sys/files.js';
import { STATE } from '../sys/output.js';
import type { MeantSource, Source } from './source.js';

/** The file in which it is noted, in the output folder. */
const NOTE = join(STATE, 'definition.json');

const noteSchema = z.object({
  file: z.string().optional(),
  preset: z.string().optional(),
  /** Digests of the definition's files, by their paths seen from the folder of the first. */
  files: z.record(z.string(), z.string()),
});
type Note = z.output<typeof noteSchema>;

/** How the images in a folder differ from what is meant. */
export type Change =
  | { readonly kind: 'other'; readonly built: string; readonly meant: string }
  | { readonly kind: 'changed'; readonly files: readonly string[] };

/** Note what the images in this folder were built from. */
export function noteSource(output: string, { file, preset, files }: Source, owner?: Owner): void {
  const folder = file === undefined ? '/' : dirname(file);
  const digests = Object.fromEntries(files.map(({ path, digest }) => [relative(folder, path), digest]));
  const note: Note = { file, preset, files: digests };
  writeFileWhole(join(output, NOTE), `${JSON.stringify(note, null, 2)}\n`, owner);
}

/**
 * Whether the images in this folder were built from something else than what is meant, or its files have changed since. Files that a
 * definition names, and options of the build, do not count. `undefined`: they were not, or nothing is known.
 */
export function changeSince(output: string, meant: MeantSource): Change | undefined {
  const built = readNote(output);
  if (built === undefined) return undefined;
  const { file } = meant;
  const changed = file === undefined || built.file === undefined ? [] : changedFiles(built, dirname(file));
  const same = built.file === undefined ? built.preset === meant.preset : built.file === file;
  // Somebody may have moved the definition: then it still is what was built.
  const moved = built.file !== undefined && file !== undefined && changed.length === 0;
  if (!same && !moved) return { kind: 'other', built: nameOf(built), meant: nameOf(meant) };
  return changed.length === 0 ? undefined : { kind: 'changed', files: changed };
}

/** The files that are no longer what they were, below the definition's folder. */
function changedFiles({ files }: Note, folder: string): string[] {
  return Object.entries(files)
    .map(([path, digest]) => [resolve(folder, path), digest] as const)
    .filter(([path, digest]) => !hasDigest(path, digest))
    .map(([path]) => path);
}

/** What cannot be read is not what it was. */
function hasDigest(path: string, digest: string): boolean {
  try {
    return digestFile(path) === digest;
  } catch {
    return false;
  }
}

function readNote(output: string): Note | undefined {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(join(output, NOTE), 'utf8')));
  } catch {
    return undefined;
  }
}

function nameOf({ file, preset }: Pick<Note, 'file' | 'preset'>): string {
  return file ?? `the preset ${preset}`;
}
