/** What a definition builds upon, unfolded: presets, other files, fragments, and at last itself. */
import { dirname, resolve } from 'node:path';
import { ok, type Problem, type Result, usage } from '../../core/result.js';
import { type Definition, type FragmentFields, isDefinition } from './define.js';
import { nameOf } from './issues.js';
import { type LoadedDefinition, type LoadedFile, loadDefinition, shown } from './load.js';
import { lineOf } from './locate.js';
import { isFields, type Merged, type Origin } from './merge.js';
import { absolutePaths } from './paths.js';
import { DEFAULT_PRESET, noSuchPreset, PRESETS } from './presets.js';

/** Presets and files may build upon each other; no definition is deeper than this by intention. */
const DEEPEST = 20;

/** Put a definition, and before it what it builds upon, onto `merged`. Resolves to the files that it loaded for that. */
export async function addDefinition(
  merged: Merged,
  definition: Definition,
): Promise<Result<readonly LoadedFile[]>> {
  const composer = new Composer(merged);
  const place = definition.place ?? { file: '', line: 1 };
  const problem = await composer.fields(machineFields(definition), { by: 'file', place, path: [] }, 0);
  return problem === undefined ? ok(composer.files) : { ok: false, problem };
}

/** Put a preset onto `merged`. */
export async function addPreset(merged: Merged, name: string, asked: Origin): Promise<Result<void>> {
  const problem = await new Composer(merged).preset(name, asked, 0);
  return problem === undefined ? ok() : { ok: false, problem };
}

/** What a machine says: one that does not tell what it builds upon is a console. */
function machineFields({ fields }: Definition): FragmentFields {
  return { ...fields, extends: fields.extends ?? [DEFAULT_PRESET] };
}

class Composer {
  readonly files: LoadedFile[] = [];

  constructor(private readonly merged: Merged) {}

  async fields(said: FragmentFields, origin: Origin, depth: number): Promise<Problem | undefined> {
    if (depth > DEEPEST)
      return problem(origin, 'the definition builds upon itself', 'take out what leads back to it');
    if (!isFields(said))
      return problem(origin, 'a fragment must be an object of fields', 'correct it and try again');
    const { extends: upon = [], ...fields } = said;
    if (!Array.isArray(upon)) {
      return problem(at(origin, 'extends'), 'extends must be a list', 'as in extends: ["server"]');
    }
    for (const [i, one] of upon.entries()) {
      const failed = await this.one(one, at(at(origin, 'extends'), i), depth + 1);
      if (failed !== undefined) return failed;
    }
    const folder = origin.by === 'file' && origin.place.file !== '' ? dirname(origin.place.file) : undefined;
    this.merged.add({ origin, fields: folder === undefined ? fields : absolutePaths(fields, folder) });
    return undefined;
  }

  private async one(one: unknown, origin: Origin, depth: number): Promise<Problem | undefined> {
    if (typeof one === 'string') {
      return /[./]/.test(one) ? this.file(one, origin, depth) : this.preset(one, origin, depth);
    }
    if (isDefinition(one)) {
      return this.fields(
        machineFields(one),
        one.place === undefined ? origin : { by: 'file', place: one.place, path: [] },
        depth,
      );
    }
    if (typeof one === 'function') {
      if (depth > DEEPEST) return problem(origin, 'a function never gives fields', 'let it return an object');
      let given: unknown;
      try {
        given = one(this.merged.fields);
      } catch (cause) {
        return problem(origin, `a function failed: ${String(cause)}`, 'correct it and try again');
      }
      return this.one(given, origin, depth + 1);
    }
    return this.fields(one as FragmentFields, origin, depth);
  }

  private async file(path: string, origin: Origin, depth: number): Promise<Problem | undefined> {
    const from = origin.by === 'file' ? dirname(origin.place.file) : '.';
    const loaded: Result<LoadedDefinition> = await loadDefinition(resolve(from, path));
    if (!loaded.ok) {
      const { problem: inner } = loaded;
      return inner.where === shown(resolve(from, path))
        ? { ...inner, where: `${whereOf(origin)}: ${inner.where}` }
        : inner;
    }
    this.files.push(...loaded.value.files);
    return this.one(loaded.value.definition, origin, depth);
  }

  async preset(name: string, origin: Origin, depth: number): Promise<Problem | undefined> {
    const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
    if (preset !== undefined) return this.fields(preset, { by: 'preset', name }, depth);
    return noSuchPreset(name, whereOf(origin));
  }
}

function at(origin: Origin, key: string | number): Origin {
  return origin.by === 'file' ? { ...origin, path: [...origin.path, key] } : origin;
}

function problem(origin: Origin, what: string, next: string): Problem {
  const done = usage({ what, where: whereOf(origin), next });
  return done.problem;
}

/** Where something was said, as a person would look it up. */
export function whereOf(origin: Origin | undefined): string {
  switch (origin?.by) {
    case 'preset':
      return `preset ${origin.name}`;
    case 'option':
      return origin.text;
    case 'file': {
      const { place, path } = origin;
      const name = path.length === 0 ? '' : ` (${nameOf(path)})`;
      return place.file === '' ? `the definition${name}` : `${shown(place.file)}:${lineOf(place, path)}`;
    }
    default:
      return 'default';
  }
}
