/** What definition files call: `defineMachine` and `replace`. */
import { fileURLToPath } from 'node:url';
import type { MachineInput } from './machine.js';
import type { PresetChoice } from './preset-choice.js';

/** A part of a definition: fields, or a function that returns fields, given those before it. */
export type Fragment = FragmentFields | ((before: MachineInput) => Fragment);

/** Fields of a machine, and what they extend. */
export type FragmentFields = { readonly [K in keyof MachineInput]?: Replaceable<MachineInput[K]> } & {
  /**
   * What this extends, in order: presets, by name or with options; paths of definition files; exports of
   * other files; fragments. Later values override earlier ones; lists are joined, objects merged. Default:
   * the preset "console", also if only hardware fragments are listed; an empty list: nothing.
   */
  readonly extends?: readonly (string | PresetChoice | Definition | Fragment)[];
};

/** A value of which every part may be replaced instead of merged. */
type Replaceable<T> = T extends (...given: never[]) => unknown
  ? T
  : T extends readonly unknown[]
    ? T | Replacement<T>
    : T extends object
      ? { readonly [K in keyof T]: Replaceable<T[K]> } | Replacement<T>
      : T | Replacement<T>;

/** A place in a definition file: lines count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

const MARK = Symbol.for('mkma.definition');

/** A machine as {@link defineMachine} returns it. */
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

/** A definition from a file without calls (JSON). */
export function definitionOf(fields: FragmentFields, place: SourcePlace): Definition {
  return { [MARK]: true, fields, place };
}

const REPLACES = Symbol.for('mkma.replacement');

/** A value that replaces earlier ones instead of being merged with them. */
export class Replacement<T = unknown> {
  readonly [REPLACES] = true;

  constructor(readonly value: T) {}
}

/** By its mark rather than its class: a definition may import another copy of mkma than the one that runs. */
export function isReplacement(value: unknown): value is Replacement {
  return typeof value === 'object' && value !== null && REPLACES in value;
}

/** Replace earlier values of a field, such as a preset's, instead of merging with them. */
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
