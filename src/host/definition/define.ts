/** What a definition file calls: `defineMachine`, and what it is composed with. */
import { fileURLToPath } from 'node:url';
import type { MachineInput } from './machine.js';
import type { PresetChoice } from './preset-choice.js';

/** A part of a definition: fields, or a function from what was said before it to such fields. */
export type Fragment = FragmentFields | ((before: MachineInput) => Fragment);

/** Fields of a machine, and what they build upon. */
export type FragmentFields = { readonly [K in keyof MachineInput]?: Replaceable<MachineInput[K]> } & {
  /**
   * What this builds upon, in order: presets, by name or with options, files with definitions, what another file exports, fragments.
   * Later ones win; lists are joined, objects merged. Default: the preset "console", also
   * beneath hardware fragments alone; an empty list: nothing.
   */
  readonly extends?: readonly (string | PresetChoice | Definition | Fragment)[];
};

/** A value of which every part may be said anew instead of merged. */
type Replaceable<T> = T extends (...given: never[]) => unknown
  ? T
  : T extends readonly unknown[]
    ? T | Replacement<T>
    : T extends object
      ? { readonly [K in keyof T]: Replaceable<T[K]> } | Replacement<T>
      : T | Replacement<T>;

/** A place in a definition file: lines and columns count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

const MARK = Symbol.for('mkma.definition');

/** A machine as {@link defineMachine} gives it. */
export interface Definition {
  readonly [MARK]: true;
  readonly fields: FragmentFields;
  readonly place: SourcePlace | undefined;
}

/** Define a machine; the file's default export. */
export function defineMachine(fields: FragmentFields): Definition {
  return { [MARK]: true, fields, place: callerPlace(new Error().stack ?? '') };
}

export function isDefinition(value: unknown): value is Definition {
  return typeof value === 'object' && value !== null && MARK in value;
}

/** A definition as it was read from a file that calls nothing. */
export function definitionOf(fields: FragmentFields, place: SourcePlace): Definition {
  return { [MARK]: true, fields, place };
}

const REPLACES = Symbol.for('mkma.replacement');

/** A value that takes the place of what was said before instead of being merged with it. */
export class Replacement<T = unknown> {
  readonly [REPLACES] = true;

  constructor(readonly value: T) {}
}

/** By its mark rather than its class: a definition may have its `mkma` from another copy than the one that runs. */
export function isReplacement(value: unknown): value is Replacement {
  return typeof value === 'object' && value !== null && REPLACES in value;
}

/** Say a field anew: what was said before of it is forgotten. */
export function replace<T>(value: T): Replacement<T> {
  return new Replacement(value);
}

/** The frame that called defineMachine: the second of a V8 stack (v8.dev/docs/stack-trace-api). */
function callerPlace(stack: string): SourcePlace | undefined {
  const frame = stack.split('\n').slice(1)[1] ?? '';
  const match = /\(?((?:file:\/\/)?\/[^()]*):(\d+):\d+\)?$/.exec(frame);
  if (match === null) return undefined;
  const [, path = '', line] = match;
  return { file: path.startsWith('file://') ? fileURLToPath(path) : path, line: Number(line) };
}
