/**
 * Composes a definition from what it extends: presets, other files, fragments, and finally its own fields.
 */

import { dirname, resolve } from 'node:path';
import type { ProblemCode } from '../../core/problems/codes.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { type Definition, type FragmentFields, isDefinition } from './define.js';
import { problemOf } from './fault-problem.js';
import { faultsOf, OWN_WORDS } from './issues.js';
import { type LoadedDefinition, type LoadedFile, loadDefinition, shown } from './load.js';
import { isFields, Merged, type Origin } from './merge.js';
import { keysAt, outline } from './outline.js';
import { absolutePaths } from './paths.js';
import { isHardwareName } from './presets/hardware/hardware.js';
import type { Preset, PresetMachine } from './presets/preset.js';
import { DEFAULT_PRESET, findPreset, noSuchPreset } from './presets/presets.js';
import { whereOf } from './where.js';

/** Nesting of `extends` beyond which a definition counts as extending itself. */
const DEEPEST = 20;

/** A definition with all that it extends. */
export interface Composed {
  readonly merged: Merged;
  /** Files that it loaded besides its own. */
  readonly files: readonly LoadedFile[];
  readonly presets: readonly ChosenPreset[];
}

/** A preset that a definition extends. */
export interface ChosenPreset {
  readonly name: string;
  /** Its options, with the origin of each. */
  readonly said: Merged;
  readonly machine: PresetMachine;
}

/** What to compose: a definition, or a preset of this name. */
export type Start = { readonly definition: Definition } | { readonly preset: string; readonly asked: Origin };

/** Compose a definition or preset, after what it extends, on a copy of `before`. */
export async function compose(before: Merged, start: Start): Promise<Result<Composed>> {
  const files = new Files();
  const first = new Composer(before.copy(), files, new Map());
  const problem = await first.start(start);
  if (problem !== undefined) return err(problem);
  if (!first.again) return ok({ merged: first.merged, files: files.all, presets: first.presets });
  // Options came after their preset had been composed: now all are known.
  const second = new Composer(before.copy(), files, first.said, true);
  const later = await second.start(start);
  if (later !== undefined) return err(later);
  return ok({ merged: second.merged, files: files.all, presets: second.presets });
}

/** Whether a definition extends the default preset: it extends nothing, or only hardware fragments. */
function usesDefault({ fields: { extends: upon } }: Definition): boolean {
  return upon === undefined || (Array.isArray(upon) && upon.length > 0 && upon.every(isHardware));
}

/** Whether an entry of `extends` is a hardware fragment, by name or with options. */
function isHardware(one: unknown): boolean {
  const name = isFields(one) ? one.preset : one;
  return typeof name === 'string' && isHardwareName(name);
}

/** Definition files, each loaded once. */
class Files {
  readonly all: LoadedFile[] = [];
  readonly #loaded = new Map<string, Result<LoadedDefinition>>();

  async load(path: string): Promise<Result<LoadedDefinition>> {
    const known = this.#loaded.get(path);
    if (known !== undefined) return known;
    const loaded = await loadDefinition(path);
    if (loaded.ok) this.all.push(...loaded.value.files);
    this.#loaded.set(path, loaded);
    return loaded;
  }
}

class Composer {
  readonly presets: ChosenPreset[] = [];
  /** Whether options came after their preset had been composed. */
  again = false;

  /** `said`: options by presets; with `complete` all of them are known. */
  constructor(
    readonly merged: Merged,
    private readonly files: Files,
    readonly said: Map<string, Merged>,
    private readonly complete = false,
  ) {}

  start(start: Start): Promise<Problem | undefined> {
    if ('preset' in start) return this.preset({ preset: start.preset }, start.asked, 0);
    const { definition } = start;
    const place = definition.place ?? { file: '', line: 1 };
    return this.machine(definition, { by: 'file', place, path: [] }, 0);
  }

  private async machine(definition: Definition, origin: Origin, depth: number): Promise<Problem | undefined> {
    if (usesDefault(definition)) {
      const failed = await this.preset({ preset: DEFAULT_PRESET }, origin, depth + 1);
      if (failed !== undefined) return failed;
    }
    return this.fields(definition.fields, origin, depth);
  }

  private async fields(said: FragmentFields, origin: Origin, depth: number): Promise<Problem | undefined> {
    if (depth > DEEPEST)
      return problem(
        'extends-circle',
        origin,
        'the definition extends itself',
        'remove the entry of extends that leads back to it',
      );
    if (!isFields(said))
      return problem(
        'value-type',
        origin,
        'a fragment must be an object with fields',
        'correct it and try again',
      );
    const { extends: upon = [], ...fields } = said;
    if (!Array.isArray(upon)) {
      return problem(
        'value-type',
        at(origin, 'extends'),
        'extends must be a list',
        'write extends: ["server"]',
      );
    }
    for (const [i, one] of upon.entries()) {
      const failed = await this.one(one, at(at(origin, 'extends'), i), depth + 1);
      if (failed !== undefined) return failed;
    }
    const folder = folderOf(origin);
    this.merged.add({ origin, fields: folder === undefined ? fields : absolutePaths(fields, folder) });
    return undefined;
  }

  private async one(one: unknown, origin: Origin, depth: number): Promise<Problem | undefined> {
    if (typeof one === 'string') {
      return /[./]/.test(one) && !isHardwareName(one)
        ? this.file(one, origin, depth)
        : this.preset({ preset: one }, origin, depth);
    }
    if (isDefinition(one)) {
      return this.machine(
        one,
        one.place === undefined ? origin : { by: 'file', place: one.place, path: [] },
        depth,
      );
    }
    if (typeof one === 'function') {
      if (depth > DEEPEST)
        return problem(
          'definition-failed',
          origin,
          'a function in extends only returns further functions',
          'return an object from it',
        );
      let given: unknown;
      try {
        given = one(this.merged.fields);
      } catch (cause) {
        return problem(
          'definition-failed',
          origin,
          `a function in extends failed: ${String(cause)}`,
          'correct it and try again',
        );
      }
      return this.one(given, origin, depth + 1);
    }
    if (isFields(one) && 'preset' in one) return this.preset(one, origin, depth);
    return this.fields(one as FragmentFields, origin, depth);
  }

  private async file(path: string, origin: Origin, depth: number): Promise<Problem | undefined> {
    const from = origin.by === 'file' ? dirname(origin.place.file) : '.';
    const loaded = await this.files.load(resolve(from, path));
    if (!loaded.ok) {
      const { problem: inner } = loaded;
      return inner.where === shown(resolve(from, path))
        ? { ...inner, where: `${whereOf(origin)}: ${inner.where}` }
        : inner;
    }
    return this.one(loaded.value.definition, origin, depth);
  }

  private async preset(
    choice: Readonly<Record<string, unknown>>,
    origin: Origin,
    depth: number,
  ): Promise<Problem | undefined> {
    const { preset: name, with: options = {}, ...others } = choice;
    const odd = Object.keys(others)[0];
    if (odd !== undefined) {
      return problem(
        'preset-options',
        at(origin, odd),
        `no such field of a preset: ${odd}`,
        "write { preset: 'desktop', with: { user: 'ada' } }",
      );
    }
    if (typeof name !== 'string' || !isFields(options)) {
      return problem(
        'preset-options',
        origin,
        'a preset must have a name, and with must be an object',
        "write { preset: 'desktop', with: { user: 'ada' } }",
      );
    }
    const preset = findPreset(name);
    if (preset === undefined) return noSuchPreset(name, whereOf(origin));
    const known = this.said.get(name);
    const said = known ?? new Merged();
    this.said.set(name, said);
    const folder = folderOf(origin);
    const own = folder === undefined ? options : absolutePaths({ with: options }, folder).with;
    if (!this.complete) said.add({ origin: at(origin, 'with'), fields: own as typeof options });
    const before = this.presets.find((one) => one.name === name);
    // A preset with options is composed once, with all options from anywhere.
    if (before !== undefined && Object.keys(preset.options.shape).length > 0) {
      this.again ||= Object.keys(options).length > 0;
      return undefined;
    }
    const chosen = choosePreset(name, preset, said);
    if (!chosen.ok) return chosen.problem;
    if (before === undefined) this.presets.push(chosen.value);
    return this.fields(chosen.value.machine.fields, { by: 'preset', name }, depth);
  }
}

/** A preset with its options applied. */
function choosePreset(name: string, preset: Preset, said: Merged): Result<ChosenPreset> {
  const parsed = preset.options.safeParse(said.fields, OWN_WORDS);
  if (!parsed.success) {
    const { shape } = outline(preset.options);
    const faults = faultsOf(parsed.error.issues, {
      value: said.fields,
      keysAt: (path) => keysAt(shape, path),
    });
    return err(problemOf(faults, said));
  }
  const machine = preset.of(parsed.data);
  if (machine.faults.length > 0) return err(problemOf(machine.faults, said));
  return ok({ name, said, machine });
}

/** The folder that paths are relative to. */
function folderOf(origin: Origin): string | undefined {
  return origin.by === 'file' && origin.place.file !== '' ? dirname(origin.place.file) : undefined;
}

function at(origin: Origin, key: string | number): Origin {
  return origin.by === 'file' ? { ...origin, path: [...origin.path, key] } : origin;
}

function problem(code: ProblemCode, origin: Origin, what: string, next: string): Problem {
  return { kind: 'usage', code, what, where: whereOf(origin), next };
}
