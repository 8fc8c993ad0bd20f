/** Where a definition comes from: the file that was named or lies there, or a preset. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ok, type Result, usage } from '../../core/result.js';
import { addDefinition, addPreset } from './compose.js';
import { DEFINITION_FILES, loadDefinition } from './load.js';
import type { Merged } from './merge.js';
import { DEFAULT_PRESET } from './presets.js';

/** What was typed of it; `undefined`: nothing. */
export interface SourceOptions {
  /** A definition file. Default: the one in the folder, if there is one. */
  readonly config?: string | undefined;
  readonly preset?: string | undefined;
}

export interface Source {
  /** The definition file, absolute; `undefined`: a preset. */
  readonly file?: string | undefined;
  readonly preset?: string | undefined;
  /** Of all files that the definition was loaded from; empty for a preset. */
  readonly digest: string;
}

/** The definition file that counts: the one named, or else the one that lies in the current folder. */
export function definitionFile({ config }: SourceOptions): string | undefined {
  const file = config ?? DEFINITION_FILES.find((name) => existsSync(name));
  return file === undefined ? undefined : resolve(file);
}

/** Add what the definition says; the default preset where there is none. */
export async function addSource(merged: Merged, options: SourceOptions): Promise<Result<Source>> {
  const { config, preset } = options;
  if (preset !== undefined && config !== undefined) {
    return usage({
      what: 'these options do not go together',
      where: '--preset, --config',
      next: 'leave out one of them; a definition names its preset itself: extends: ["server"]',
    });
  }
  const file = preset === undefined ? definitionFile(options) : undefined;
  if (file === undefined) {
    const name = preset ?? DEFAULT_PRESET;
    const text = preset === undefined ? 'default' : `--preset ${preset}`;
    const added = await addPreset(merged, name, { by: 'option', text });
    return added.ok ? ok({ preset: name, digest: '' }) : added;
  }
  const loaded = await loadDefinition(file);
  if (!loaded.ok) return loaded;
  const digests = await addDefinition(merged, loaded.value.definition);
  if (!digests.ok) return digests;
  return ok({ file, digest: [loaded.value.digest, ...digests.value].join(' ') });
}
