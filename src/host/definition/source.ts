/** Where a definition comes from: a file that was named or found, or a preset. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { err, ok, type Result, usage } from '../../core/result.js';
import { type Composed, compose } from './compose.js';
import { DEFINITION_FILES, type LoadedFile, loadDefinition, noSuchDefinition } from './load.js';
import type { Merged } from './merge.js';
import { DEFAULT_PRESET, isMachine, notAMachine } from './presets/presets.js';

/** The options that choose it. */
export interface SourceOptions {
  /** A definition file. Default: the one in the current folder, if it exists. */
  readonly config?: string | undefined;
  readonly preset?: string | undefined;
}

/** A definition file, or a preset. */
export interface MeantSource {
  /** Absolute. */
  readonly file?: string | undefined;
  readonly preset?: string | undefined;
}

/** What a definition was loaded from. */
export interface Source extends MeantSource {
  /** The file, and all files of the user that it loads; empty for a preset. */
  readonly files: readonly LoadedFile[];
}

/**
 * The file or preset that was named, else the definition in the current folder, else the default preset.
 * Evaluates nothing.
 */
export function meantSource({ config, preset }: SourceOptions): Result<MeantSource> {
  if (preset !== undefined && config !== undefined) {
    return usage({
      code: 'exclusive-options',
      what: 'these options exclude each other',
      where: '--preset, --config',
      next: 'leave out one of them; a definition names its preset with extends: ["server"]',
    });
  }
  if (preset !== undefined) {
    return isMachine(preset) ? ok({ preset }) : err(notAMachine(preset, `--preset ${preset}`));
  }
  if (config !== undefined && !existsSync(config)) return noSuchDefinition(resolve(config));
  const file = config ?? DEFINITION_FILES.find((name) => existsSync(name));
  return ok(file === undefined ? { preset: DEFAULT_PRESET } : { file: resolve(file) });
}

/** A composed machine, and what it was loaded from. */
export interface Sourced extends Omit<Composed, 'files'> {
  readonly source: Source;
}

/** Compose the definition on top of `before`. */
export async function readSource(before: Merged, options: SourceOptions): Promise<Result<Sourced>> {
  const meant = meantSource(options);
  if (!meant.ok) return meant;
  const { file, preset = DEFAULT_PRESET } = meant.value;
  if (file === undefined) {
    const text = options.preset === undefined ? 'default' : `--preset ${preset}`;
    const composed = await compose(before, { preset, asked: { by: 'option', text } });
    return composed.ok ? ok({ ...composed.value, source: { preset, files: [] } }) : composed;
  }
  const loaded = await loadDefinition(file);
  if (!loaded.ok) return loaded;
  const composed = await compose(before, { definition: loaded.value.definition });
  if (!composed.ok) return composed;
  const { files, ...rest } = composed.value;
  return ok({ ...rest, source: { file, files: [...loaded.value.files, ...files] } });
}

/** A digest of all files that a definition was loaded from; empty for a preset. */
export function digestOfSource({ file, files }: Source): string {
  if (file === undefined) return '';
  const hash = createHash('sha256');
  for (const { path, digest } of files) hash.update(`${relative(dirname(file), path)}\0${digest}\0`);
  return hash.digest('hex').slice(0, 20);
}
