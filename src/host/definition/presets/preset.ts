/** Presets: fields of a machine, and options that change them. */
import { z } from 'zod';
import type { FragmentFields } from '../define.js';
import type { Fault } from '../fault.js';
import type { MachineConfig, MachineInput } from '../machine.js';

/** A built-in preset or fragment. */
export interface Preset {
  /** Its description in a few words. */
  readonly summary: string;
  /** The options in `with`. */
  readonly options: z.ZodObject;
  /** Apply options; throws if they are invalid. */
  readonly of: (options: unknown) => PresetMachine;
}

/** A preset with its options applied. */
export interface PresetMachine {
  /** All of its options, including defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly fields: FragmentFields;
  /** Options that contradict each other, by their paths. */
  readonly faults: readonly Fault[];
  /** Fields that depend on the whole machine, merged on top of it. */
  readonly finish: (machine: MachineInput) => FragmentFields;
  /** Fields of the machine that contradict the preset. */
  readonly check: (machine: MachineConfig) => readonly Fault[];
  /** Options that contradict the machine, by their paths. */
  readonly checkOptions?: (machine: MachineConfig) => readonly Fault[];
}

/** A preset without options. */
export function plainPreset(summary: string, fields: FragmentFields): Preset {
  return {
    ...{ summary, options: z.strictObject({}) },
    of: () => ({ options: {}, fields, faults: [], finish: () => ({}), check: () => [] }),
  };
}

/** A preset with options of this schema. */
export function presetOf<T extends z.ZodObject>(
  summary: string,
  options: T,
  of: (options: z.output<T>) => PresetMachine,
): Preset {
  return { summary, options, of: (given) => of(options.parse(given)) };
}
