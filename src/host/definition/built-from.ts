/**
 * Records what images were built from, so that later commands warn if it changed. Evaluates no definition.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { digestFile } from '../sys/digest.js';
import { type Owner, writeFileWhole } from '../sys/files.js';
import { STATE } from '../sys/output.js';
import type { MeantSource, Source } from './source.js';

/** The file of the record, in the output folder. */
const NOTE = join(STATE, 'definition.json');

const noteSchema = z.object({
  file: z.string().optional(),
  preset: z.string().optional(),
  /** Digests of the definition's files, by path relative to the folder of the first. */
  files: z.record(z.string(), z.string()),
});
type Note = z.output<typeof noteSchema>;

/** How the images in a folder differ from the current definition. */
export type Change =
  | { readonly kind: 'other'; readonly built: string; readonly meant: string }
  | { readonly kind: 'changed'; readonly files: readonly string[] };

/** Record what the images in this folder were built from. */
export function noteSource(output: string, { file, preset, files }: Source, owner?: Owner): void {
  const folder = file === undefined ? '/' : dirname(file);
  const digests = Object.fromEntries(files.map(({ path, digest }) => [relative(folder, path), digest]));
  const note: Note = { file, preset, files: digests };
  writeFileWhole(join(output, NOTE), `${JSON.stringify(note, null, 2)}\n`, owner);
}

/**
 * Whether the images in this folder were built from another definition, or its files have changed since.
 * Files that a definition names, and options of the build, do not count. `undefined`: no difference is known.
 */
export function changeSince(output: string, meant: MeantSource): Change | undefined {
  const built = readNote(output);
  if (built === undefined) return undefined;
  const { file } = meant;
  const changed = file === undefined || built.file === undefined ? [] : changedFiles(built, dirname(file));
  const same = built.file === undefined ? built.preset === meant.preset : built.file === file;
  // A definition that was moved still is the one that was built.
  const moved = built.file !== undefined && file !== undefined && changed.length === 0;
  if (!same && !moved) return { kind: 'other', built: nameOf(built), meant: nameOf(meant) };
  return changed.length === 0 ? undefined : { kind: 'changed', files: changed };
}

/** The files that have changed, below the definition's folder. */
function changedFiles({ files }: Note, folder: string): string[] {
  return Object.entries(files)
    .map(([path, digest]) => [resolve(folder, path), digest] as const)
    .filter(([path, digest]) => !hasDigest(path, digest))
    .map(([path]) => path);
}

/** A file that cannot be read counts as changed. */
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
